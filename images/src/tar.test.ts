import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TarEntry, writeTar } from './tar.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-tar-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (path: string, content = '', mode?: number): TarEntry => ({
  kind: 'file',
  path,
  bytes: Buffer.from(content),
  ...(mode === undefined ? {} : { mode }),
});

test('tar(1) unpacks files, links, folders and their modes', () => {
  const archive = join(folder, 'a.tar');
  writeFileSync(
    archive,
    writeTar([
      file('bin/run', 'x'.repeat(1_025), 0o755),
      { kind: 'link', path: 'bin/walk', target: 'run' },
      { kind: 'folder', path: 'tmp', mode: 0o1777 },
      file('empty'),
    ]),
  );
  execFileSync('tar', ['-xpf', archive, '-C', folder]);
  expect(readFileSync(join(folder, 'bin/run'), 'utf8')).toBe('x'.repeat(1_025));
  expect(statSync(join(folder, 'bin/run')).mode & 0o7777).toBe(0o755);
  expect(statSync(join(folder, 'tmp')).mode & 0o7777).toBe(0o1777);
  expect(readlinkSync(join(folder, 'bin/walk'))).toBe('run');
  expect(statSync(join(folder, 'empty')).size).toBe(0);
});

test('the order in which entries are given makes no difference', () => {
  const entries = [file('b/c', '1'), file('a', '2'), file('b/a', '3')];
  expect(writeTar(entries).equals(writeTar([...entries].reverse()))).toBe(true);
});

test('a path of more than 100 bytes is divided, one that cannot be is refused', () => {
  const long = `${'folder/'.repeat(20)}file`;
  const archive = join(folder, 'a.tar');
  writeFileSync(archive, writeTar([file(long)]));
  expect(execFileSync('tar', ['-tf', archive], { encoding: 'utf8' })).toContain(long);
  expect(() => writeTar([file('x'.repeat(101))])).toThrow('too long');
});

test('a path that is there twice is refused', () => {
  expect(() => writeTar([file('a'), file('a')])).toThrow('a is there twice');
});
