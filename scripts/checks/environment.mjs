import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { rootDir } from '../bootstrap/project.mjs';
import { sourceFiles } from './project-files.mjs';

/** The bookshop's services are programs of their own, started by their path. */
const isProgram = /(\/([a-z]+-)?main\.ts|^examples\/[^/]+\/src\/services\/[^/]+\.ts)$/;

export const environment = {
  name: 'environment',
  about: 'only the entry of a program reads process.env',
  run: async () => {
    const names = (await sourceFiles()).filter(isWatched);
    const faults = [];
    for (const name of names)
      faults.push(...environmentReads(name, await readFile(join(rootDir, name), 'utf8')));
    return { ok: faults.length === 0, output: faults.join('\n') };
  },
};

function isWatched(name) {
  return (
    /^(packages\/[^/]+|examples\/[^/]+|benchmarks|images)\/src\/.*\.ts$/.test(name) &&
    !/\.test\.ts$|\/testing\//.test(name) &&
    !name.startsWith('packages/testkit/') &&
    !isProgram.test(name)
  );
}

/** Where a file reads the environment: `process.env`, `process['env']`, or `env` imported from node:process. */
export function environmentReads(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (readsEnvironment(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${name}:${line + 1} reads process.env: let main.ts read it and hand it on`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function readsEnvironment(node) {
  if (ts.isPropertyAccessExpression(node))
    return node.expression.getText() === 'process' && node.name.text === 'env';
  if (ts.isElementAccessExpression(node)) {
    return (
      node.expression.getText() === 'process' && /^['"`]env['"`]$/.test(node.argumentExpression.getText())
    );
  }
  if (
    ts.isVariableDeclaration(node) &&
    ts.isObjectBindingPattern(node.name) &&
    node.initializer?.getText() === 'process'
  ) {
    return node.name.elements.some((element) => (element.propertyName ?? element.name).getText() === 'env');
  }
  if (!ts.isImportSpecifier(node)) return false;
  const from = node.parent.parent.parent.moduleSpecifier.getText();
  return /^['"](node:)?process['"]$/.test(from) && (node.propertyName ?? node.name).text === 'env';
}
