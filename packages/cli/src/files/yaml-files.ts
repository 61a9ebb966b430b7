import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TulleError } from '@tulle/runtime';

/** A configuration is small; what is larger was put there by mistake. */
const maxFileBytes = 4 * 1024 * 1024;
const maxFiles = 10_000;

/**
 * The YAML files below a directory, in order of their names. Hidden files and folders are left out, as the
 * control plane does: editors and atomic writes leave such.
 */
export async function findYamlFiles(directory: string): Promise<readonly string[]> {
  const files: string[] = [];
  const open = [directory];
  while (open.length > 0) {
    const parent = open.shift()!;
    for (const entry of await listEntries(parent)) {
      if (entry.name.startsWith('.')) continue;
      const path = join(parent, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (/\.ya?ml$/.test(entry.name)) files.push(path);
    }
    if (files.length > maxFiles) {
      throw new TulleError('TOO_MANY_FILES', `${directory} holds more than ${maxFiles} YAML files`, {
        source: 'config',
      });
    }
  }
  return files;
}

export async function readYamlFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= maxFileBytes) return await readFile(path, 'utf8');
  } catch (cause) {
    throw new TulleError('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, {
      source: 'config',
      cause,
    });
  }
  throw new TulleError('FILE_TOO_LARGE', `${path} is larger than ${maxFileBytes / 1024 / 1024} MiB`, {
    source: 'config',
  });
}

async function listEntries(directory: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new TulleError('DIRECTORY_UNREADABLE', `${directory} cannot be read: ${messageOf(cause)}`, {
      source: 'config',
      cause,
    });
  }
}
