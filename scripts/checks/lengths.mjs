import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { rootDir } from '../bootstrap/project.mjs';
import { sourceFiles } from './project-files.mjs';

const longestFile = 330;
const longestFunction = 60;
const excuse = /Long because/;

/**
 * Files of more than 330 lines fail unless a comment in their first ten lines says `Long because ...`.
 * Long functions are listed, as a hint to whoever passes by.
 */
export const lengths = {
  name: 'lengths',
  about: `no file over ${longestFile} lines without a reason ("Long because ..." at its top)`,
  run: async () => {
    const files = await Promise.all(
      (await sourceFiles()).map(async (name) => [name, await readFile(join(rootDir, name), 'utf8')]),
    );
    const long = files.filter(([, text]) => lineCount(text) > longestFile);
    const faults = long.filter(([, text]) => !excuse.test(text.split('\n', 10).join('\n')));
    const functions = files
      .filter(([name]) => !/\.test\.ts$/.test(name))
      .flatMap(([name, text]) => longFunctions(name, text));
    const lines = [
      ...faults.map(
        ([name, text]) => `${name}: ${lineCount(text)} lines, and says no "Long because ..." at its top`,
      ),
      ...functions.map((text) => `hint: ${text}`),
    ];
    return { ok: faults.length === 0, output: lines.join('\n') };
  },
};

function lineCount(text) {
  return text.split('\n').length - 1;
}

function longFunctions(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
      const lines = source.getLineAndCharacterOfPosition(node.end).line - first + 1;
      const label = node.name?.getText() ?? 'a function';
      if (lines > longestFunction) found.push(`${name}:${first + 1} ${label}: ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
