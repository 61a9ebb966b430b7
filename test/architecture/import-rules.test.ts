import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { brokenRules, cruiseTree, ruleNames } from './cruise-tree.ts';
import { layOutFixture, removeFixture } from './lay-out-fixture.ts';

const fixturesDir = join(import.meta.dirname, 'fixtures');
const rootDir = join(import.meta.dirname, '..', '..');

/** Fewer than this and the tree was not read: with an unsupported TypeScript, dependency-cruiser checks nothing and passes. */
const fewestModules = 60;

describe('import rules', () => {
  test.each(ruleNames)('%s bites on its fixture, and no other rule does', async (name) => {
    const root = await layOutFixture(join(fixturesDir, name));
    try {
      expect(brokenRules(await cruiseTree(root, foldersIn(root)))).toEqual([name]);
    } finally {
      await removeFixture(root);
    }
  });

  test('only micro-benchmarks reach into a package', async () => {
    const root = await layOutFixture(join(fixturesDir, 'packages-meet-at-their-root'));
    try {
      const { summary } = await cruiseTree(root, foldersIn(root));
      expect(summary.violations.map(({ from }) => from).sort()).toEqual([
        'benchmarks/src/subject.ts',
        'packages/sidecar/src/index.ts',
      ]);
    } finally {
      await removeFixture(root);
    }
  });

  test('every fixture is of a rule that exists', () => {
    expect(readdirSync(fixturesDir).sort()).toEqual([...ruleNames].sort());
  });

  test('the real tree is clean, and was read', { timeout: 60_000 }, async () => {
    const result = await cruiseTree(rootDir, foldersIn(rootDir));
    expect(result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual(
      [],
    );
    const sources = result.modules.filter(({ source }) => /^packages\/[^/]+\/src\//.test(source));
    expect(sources.length).toBeGreaterThan(fewestModules);
    // Read, and not only listed: imports were found and resolved across packages.
    const crossings = sources.flatMap(({ dependencies }) =>
      dependencies.filter(({ module }) => module.startsWith('@tulle/')),
    );
    expect(crossings.length).toBeGreaterThan(fewestModules / 10);
    expect(crossings.filter(({ couldNotResolve }) => couldNotResolve)).toEqual([]);
  });
});

/** Where code is. */
function foldersIn(root: string): readonly string[] {
  return ['packages', 'examples', 'benchmarks', 'test'].filter((name) => existsSync(join(root, name)));
}
