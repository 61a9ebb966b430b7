import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectedStamp, workspaceManifests } from './stamp.mjs';

let root;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tulle-stamp-'));
  await mkdir(join(root, 'packages/a'), { recursive: true });
  await mkdir(join(root, 'packages/no-package'));
  await mkdir(join(root, 'tools'));
  await writeFile(
    join(root, 'pnpm-workspace.yaml'),
    'packages:\n  - packages/*\n  - "tools" # one\n\nother:\n  - x\n',
  );
  for (const name of ['package.json', 'packages/a/package.json', 'tools/package.json']) {
    await writeFile(join(root, name), '{}');
  }
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('finds the manifests that the workspace names', () => {
  expect(workspaceManifests(root)).toEqual(['package.json', 'packages/a/package.json', 'tools/package.json']);
});

test.each(['pnpm-lock.yaml', 'packages/a/package.json', 'packages/b/package.json'])(
  'changes when %s does',
  async (name) => {
    const before = expectedStamp(root);
    expect(expectedStamp(root)).toBe(before);
    await mkdir(join(root, 'packages/b'));
    await writeFile(join(root, name), 'changed');
    expect(expectedStamp(root)).not.toBe(before);
  },
);
