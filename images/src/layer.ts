import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type TarEntry, writeTar } from './tar.ts';

/** A part of an image's files, which images share where they are the same. */
export interface Layer {
  readonly name: string;
  readonly entries: readonly TarEntry[];
}

export interface PackedLayer {
  readonly name: string;
  /** Of the archive as it is unpacked: `sha256:...`. */
  readonly diffId: string;
  /** Of the bytes below. */
  readonly digest: string;
  readonly bytes: Buffer;
}

/** 9 would take three times as long for half a percent. */
const compressionLevel = 6;
const compress = promisify(gzip);

/** The layer as it is shipped. One that was packed before is found in the cache by what it holds. */
export async function packLayer({ name, entries }: Layer, cacheFolder: string): Promise<PackedLayer> {
  const tar = writeTar(entries);
  const diffId = digestOf(tar);
  const cached = join(cacheFolder, `${diffId.slice('sha256:'.length)}.tar.gz`);
  const bytes = (await readIfThere(cached)) ?? (await pack(tar, cached));
  return { name, diffId, digest: digestOf(bytes), bytes };
}

async function pack(tar: Buffer, path: string): Promise<Buffer> {
  // No name and no time are in its header, so the same archive gives the same bytes.
  const bytes = await compress(tar, { level: compressionLevel });
  const draft = `${path}.${randomUUID()}`;
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(draft, bytes);
  await rename(draft, path);
  return bytes;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
