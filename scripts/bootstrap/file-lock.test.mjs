import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from './file-lock.mjs';

let directory;
let path;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tulle-lock-'));
  path = join(directory, 'install.lock');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('holders follow one another, and the one that waits says so once', async () => {
  const events = [];
  const waits = [];
  const hold = (name) =>
    withFileLock(
      path,
      async () => {
        events.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 30));
        events.push(`${name} out`);
      },
      { onWait: (pid) => waits.push(pid) },
    );
  await Promise.all([hold('a'), hold('b')]);
  expect(events).toEqual(['a in', 'a out', 'b in', 'b out']);
  expect(waits).toEqual([process.pid]);
  expect(await readdir(directory)).toEqual([]);
});

test('a lock whose owner died is taken over', async () => {
  // Above the largest process id of Linux and macOS.
  await writeFile(path, JSON.stringify({ pid: 99_999_999, host: hostname(), id: 'x' }));
  expect(await withFileLock(path, async () => 'done')).toBe('done');
  expect(await readdir(directory)).toEqual([]);
});

test('the lock is given back when the work fails', async () => {
  const failing = withFileLock(path, () => Promise.reject(new Error('no network')));
  await expect(failing).rejects.toThrow('no network');
  expect(await readdir(directory)).toEqual([]);
});
