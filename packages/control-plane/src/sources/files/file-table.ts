import type { ConfigFault } from '../resource-source.ts';
import type { FoundFile, Listing } from './list-files.ts';
import { type FileContent, hasErrors, type PlacedObject } from './read-manifest-file.ts';

/** One file as the source knows it. */
interface FileState {
  readonly name: string;
  path: string;
  /** As last seen, and since when it has looked so. */
  fingerprint: string;
  sinceMs: number;
  /** As it was when it was read; null: not read yet. */
  readFingerprint: string | null;
  missingSinceMs: number | null;
  /** Whether `objects` is the whole of a file without errors. */
  isWhole: boolean;
  /** What is in force. */
  objects: readonly PlacedObject[];
  faults: readonly ConfigFault[];
}

export type KnownFile = Readonly<FileState>;

/** The files that the source knows: which have changed, and what of each is in force. No clock, no disk. */
export class FileTable {
  readonly #files = new Map<string, FileState>();

  /** Takes note of what was found; a file under a directory that cannot be read is not held for missing. */
  observe({ files, unreadable }: Listing, nowMs: number): void {
    const found = new Set<string>();
    for (const file of files) {
      found.add(file.name);
      this.#see(file, nowMs);
    }
    const hidden = [...unreadable.keys()];
    for (const state of this.#files.values()) {
      const isKept =
        found.has(state.name) ||
        hidden.some((name) => state.name === name || (name.endsWith('/') && state.name.startsWith(name)));
      state.missingSinceMs = isKept ? null : (state.missingSinceMs ?? nowMs);
    }
  }

  /** Those that do not look as they did when they were read. */
  changed(): readonly KnownFile[] {
    return [...this.#files.values()].filter(
      ({ fingerprint, readFingerprint, missingSinceMs }) =>
        missingSinceMs === null && fingerprint !== readFingerprint,
    );
  }

  missing(): readonly KnownFile[] {
    return [...this.#files.values()].filter(({ missingSinceMs }) => missingSinceMs !== null);
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  /**
   * Takes what was read into force. A file with errors leaves what stood; where it has been with errors
   * from the start, its good documents stand, which is more than nothing.
   */
  take(name: string, fingerprint: string, content: FileContent): void {
    const state = this.#files.get(name);
    if (state === undefined) return;
    state.readFingerprint = fingerprint;
    state.faults = content.faults;
    if (hasErrors(content) && state.isWhole) return;
    state.isWhole = !hasErrors(content);
    state.objects = content.objects;
  }

  /** Has the file read again although it looks the same. */
  forget(name: string): void {
    const state = this.#files.get(name);
    if (state !== undefined) state.readFingerprint = null;
  }

  /** What is in force: by file name, those that are missing for a moment last. */
  inForce(): readonly KnownFile[] {
    const byName = [...this.#files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return [
      ...byName.filter(({ missingSinceMs }) => missingSinceMs === null),
      ...byName.filter(({ missingSinceMs }) => missingSinceMs !== null),
    ];
  }

  #see({ name, path, fingerprint }: FoundFile, nowMs: number): void {
    const state = this.#files.get(name);
    if (state === undefined) {
      this.#files.set(name, {
        name,
        path,
        fingerprint,
        sinceMs: nowMs,
        readFingerprint: null,
        missingSinceMs: null,
        isWhole: false,
        objects: [],
        faults: [],
      });
    } else if (state.fingerprint !== fingerprint) {
      state.path = path;
      state.fingerprint = fingerprint;
      state.sinceMs = nowMs;
    }
  }
}
