import { readFile } from 'node:fs/promises';
import { nodePath, users } from './image-specs.ts';
import type { Layer } from './layer.ts';
import { licencesOfFiles, nodeLicence } from './licences.ts';
import { sharedLibrariesOf } from './shared-libraries.ts';
import { stripElf } from './strip-elf.ts';
import type { TarEntry } from './tar.ts';

export interface BaseLayer extends Layer {
  /** Which of the machine's libraries are in it, by their paths. */
  readonly libraries: ReadonlySet<string>;
}

/**
 * What every image stands on: the Node that runs this, the libraries that it needs, and the few files that they
 * read. No shell, no package manager. Certificates of public authorities are in Node.
 */
export async function baseLayer(): Promise<BaseLayer> {
  const libraries = await sharedLibrariesOf([process.execPath]);
  const entries: TarEntry[] = [
    program(nodePath, stripElf(await readFile(process.execPath))),
    ...(await Promise.all(libraries.map(libraryEntry))),
    text(
      'etc/passwd',
      lines((name, id) => `${name}:x:${id}:${id}:${name}:/app:/sbin/nologin`),
    ),
    text(
      'etc/group',
      lines((name, id) => `${name}:x:${id}:`),
    ),
    // Else the C library asks the name service first, and /etc/hosts, where a pod has its own name, only after.
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    { kind: 'folder', path: 'tmp', mode: 0o1777 },
    text('licenses/base.txt', `${nodeLicence}\n${await licencesOfFiles(libraries)}`),
  ];
  return { name: 'base', entries, libraries: new Set(libraries) };
}

export async function libraryEntry(path: string): Promise<TarEntry> {
  return program(path, await readFile(path));
}

export function program(path: string, bytes: Uint8Array): TarEntry {
  return { kind: 'file', path: path.slice(1), mode: 0o755, bytes };
}

export function text(path: string, content: string): TarEntry {
  return { kind: 'file', path, bytes: Buffer.from(content) };
}

function lines(line: (name: string, id: number) => string): string {
  return Object.entries(users)
    .map(([name, id]) => `${line(name, id)}\n`)
    .join('');
}
