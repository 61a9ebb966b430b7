import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDirectory } from './state-directory.ts';

let base: TemporaryDirectory;

beforeEach(async () => {
  base = await temporaryDirectory('state');
});
afterEach(() => base.remove());

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

async function started(path = join(base.path, 'state'), worker: number | null = null) {
  const directory = new StateDirectory(path, worker);
  await directory.start();
  return directory;
}

describe('StateDirectory', () => {
  it('makes a folder for its user alone, and one within for each worker', async () => {
    const { path } = await started(join(base.path, 'deep/state'), 2);
    expect(path).toBe(join(base.path, 'deep/state/worker-2'));
    for (const folder of [path, join(base.path, 'deep/state')]) expect(await modeOf(folder)).toBe(0o700);
  });

  it('takes the access of others away from a folder that is ours', async () => {
    const path = join(base.path, 'open');
    await mkdir(path);
    await chmod(path, 0o777);
    await started(path);
    expect(await modeOf(path)).toBe(0o700);
  });

  it('refuses a symbolic link, and what is no folder', async () => {
    const link = join(base.path, 'link');
    await mkdir(join(base.path, 'target'));
    await symlink(join(base.path, 'target'), link);
    await expect(started(link)).rejects.toMatchObject({
      code: 'STATE_DIRECTORY',
      message: expect.stringContaining('is a symbolic link'),
    });
    const file = join(base.path, 'file');
    await writeFile(file, '');
    await expect(started(file)).rejects.toMatchObject({ code: 'STATE_DIRECTORY' });
  });

  // Only root may look at a folder as somebody else.
  it.runIf(process.getuid?.() === 0)(
    'refuses a folder of another user, and ignores their files',
    async () => {
      const { chown } = await import('node:fs/promises');
      const path = join(base.path, 'other');
      await mkdir(path);
      await chown(path, 12_345, 12_345);
      await expect(started(path)).rejects.toThrow(/belongs to user 12345, not to 0: name a folder within it/);
      const own = await started();
      await own.write('a.state', Buffer.from('a'));
      await chown(join(own.path, 'a.state'), 12_345, 12_345);
      expect(await own.read('a.state', 100)).toMatchObject({ kind: 'unusable' });
    },
  );

  it('gives back what was written last, in a file for its user alone, and leaves no draft', async () => {
    const directory = await started();
    await writeFile(join(directory.path, '.a.state.draft'), 'of a crash');
    await directory.write('a.state', Buffer.from('one'));
    await directory.write('a.state', Buffer.from('two'));
    expect(await directory.read('a.state', 3)).toEqual({ kind: 'read', bytes: Buffer.from('two') });
    expect(await modeOf(join(directory.path, 'a.state'))).toBe(0o600);
    expect(await readdir(directory.path)).toEqual(['a.state']);
  });

  it('leaves the old file where the new one cannot be written', async () => {
    const directory = await started();
    await directory.write('a.state', Buffer.from('old'));
    await mkdir(join(directory.path, '.a.state.draft'));
    await expect(directory.write('a.state', Buffer.from('new'))).rejects.toThrow();
    expect(await readFile(join(directory.path, 'a.state'), 'utf8')).toBe('old');
  });

  it('does not use a file that is missing, too large, a link, no file, or open to others', async () => {
    const directory = await started();
    expect(await directory.read('none', 100)).toEqual({ kind: 'none' });
    await directory.write('large', Buffer.alloc(101));
    await directory.write('open', Buffer.from('a'));
    await chmod(join(directory.path, 'open'), 0o640);
    await symlink(join(directory.path, 'large'), join(directory.path, 'link'));
    await mkdir(join(directory.path, 'folder'));
    const reasons = await Promise.all(
      ['large', 'open', 'link', 'folder'].map((name) => directory.read(name, 100)),
    );
    expect(reasons).toEqual([
      { kind: 'unusable', reason: 'has 101 bytes, more than 100' },
      { kind: 'unusable', reason: 'can be read or written by others' },
      { kind: 'unusable', reason: expect.stringContaining('ELOOP') },
      { kind: 'unusable', reason: 'is not a regular file' },
    ]);
  });
});
