import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@tulle/runtime';
import { compareText } from '../../translate/order.ts';

export interface FoundFile {
  /** Relative to the root, with `/`: what faults call it. */
  readonly name: string;
  readonly path: string;
  readonly fingerprint: string;
  readonly modifiedMs: number;
}

export interface FoundDirectory {
  readonly path: string;
  /** Tells a directory from another that has taken its place. */
  readonly fingerprint: string;
}

export interface Listing {
  /** In the order of their names. */
  readonly files: readonly FoundFile[];
  readonly directories: readonly FoundDirectory[];
  /** What could not be looked into, by name; a directory's name ends with `/`. */
  readonly unreadable: ReadonlyMap<string, string>;
}

const listingLimits = {
  maxFiles: 2_000,
  maxDirectories: 500,
  maxDepth: 8,
  maxTotalBytes: 64 * 1024 * 1024,
} as const;

/**
 * The manifests under a directory, symbolic links followed. Hidden names are left out: editors' temporaries,
 * and the versioned directories of a mounted ConfigMap, whose files are reached by links beside them.
 * Throws where the root cannot be read or a limit is passed: then nothing can be said of any file.
 */
export async function listFiles(root: string): Promise<Listing> {
  const walk = new Walk();
  const rootStats = await stat(root, { bigint: true });
  await walk.directory({ path: root, name: '', depth: 0, stats: rootStats, above: new Set() });
  return {
    files: walk.files.sort((a, b) => compareText(a.name, b.name)),
    directories: walk.directories,
    unreadable: walk.unreadable,
  };
}

interface Visit {
  readonly path: string;
  /** Empty for the root, else ends with `/`. */
  readonly name: string;
  readonly depth: number;
  readonly stats: BigIntStats;
  /** The directories on the way down, so that a link to one of them is not followed for ever. */
  readonly above: ReadonlySet<string>;
}

class Walk {
  readonly files: FoundFile[] = [];
  readonly directories: FoundDirectory[] = [];
  readonly unreadable = new Map<string, string>();
  #totalBytes = 0;

  async directory({ path, name, depth, stats, above }: Visit): Promise<void> {
    const fingerprint = `${stats.dev}:${stats.ino}`;
    if (above.has(fingerprint)) return;
    this.directories.push({ path, fingerprint });
    refuseBeyond(this.directories.length, listingLimits.maxDirectories, 'directories');
    const below = new Set(above).add(fingerprint);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (isPassedOver(entry)) continue;
      await this.#entry({ path: join(path, entry.name), name: `${name}${entry.name}`, depth, below });
    }
  }

  async #entry(entry: {
    path: string;
    name: string;
    depth: number;
    below: ReadonlySet<string>;
  }): Promise<void> {
    const { path, name, depth, below } = entry;
    let stats: BigIntStats;
    try {
      stats = await stat(path, { bigint: true });
    } catch (thrown) {
      // Gone since the listing, or a link to nothing: as good as absent.
      if (!isMissing(thrown)) this.unreadable.set(name, messageOf(thrown));
      return;
    }
    if (stats.isDirectory())
      await this.#subdirectory({ path, name: `${name}/`, depth: depth + 1, stats, above: below });
    else if (stats.isFile() && isManifestName(name)) this.#file(path, name, stats);
  }

  async #subdirectory(visit: Visit): Promise<void> {
    if (visit.depth > listingLimits.maxDepth) {
      this.unreadable.set(visit.name, `is more than ${listingLimits.maxDepth} directories deep`);
      return;
    }
    try {
      await this.directory(visit);
    } catch (thrown) {
      if (thrown instanceof LimitError) throw thrown;
      if (!isMissing(thrown)) this.unreadable.set(visit.name, messageOf(thrown));
    }
  }

  #file(path: string, name: string, stats: BigIntStats): void {
    this.#totalBytes += Number(stats.size);
    this.files.push({ path, name, fingerprint: fingerprintOf(stats), modifiedMs: Number(stats.mtimeMs) });
    refuseBeyond(this.files.length, listingLimits.maxFiles, 'files');
    refuseBeyond(this.#totalBytes, listingLimits.maxTotalBytes, 'bytes of manifests');
  }
}

/** Changes with every write, and with every file that is put in the place of another. */
export function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

class LimitError extends Error {}

function refuseBeyond(count: number, max: number, what: string): void {
  if (count > max) throw new LimitError(`holds more than ${max} ${what}`);
}

function isPassedOver(entry: Dirent): boolean {
  return entry.name.startsWith('.') || (entry.isFile() && !isManifestName(entry.name));
}

function isManifestName(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name);
}

export function isMissing(thrown: unknown): boolean {
  const code = (thrown as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}
