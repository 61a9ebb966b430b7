/** Resources from a directory of YAML and JSON: the mesh without Kubernetes. */
import { stat } from 'node:fs/promises';
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import type { ResourceSet } from '../resource-set.ts';
import type { ConfigFault, ResourceSource } from '../resource-source.ts';
import { DirectoryWatcher } from './directory-watcher.ts';
import { FileTable, type KnownFile } from './file-table.ts';
import { fingerprintOf, isMissing, type Listing, listFiles } from './list-files.ts';
import { mergeFiles } from './merge-files.ts';
import {
  type FileContent,
  hasErrors,
  type PlacedObject,
  parseManifestFile,
  readText,
} from './read-manifest-file.ts';

export interface FileSourceOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timing?: Partial<FileSourceTiming>;
  /** Whether to listen for the file system's events as well. Default true. */
  readonly isWatching?: boolean;
}

export interface FileSourceTiming {
  /** How often to look, events or not. */
  readonly pollMs: number;
  /** How long a file has to look the same before it is read: editors write in several steps. */
  readonly settleMs: number;
  /** The same for a YAML file whose last line does not end: it may still be being written. */
  readonly unfinishedSettleMs: number;
  /** How long files that are changed together wait for each other. */
  readonly maxSettleMs: number;
  /** How long a file has to be missing before its resources go: some editors remove and write anew. */
  readonly removalMs: number;
}

const defaultFileSourceTiming: FileSourceTiming = {
  pollMs: 1_000,
  settleMs: 20,
  unfinishedSettleMs: 200,
  maxSettleMs: 250,
  removalMs: 100,
};

/** Events come in bursts; one look serves them all. */
const eventDelayMs = 2;

/**
 * A broken or half-written file never takes away what stood before: the last good content of that file stays
 * in force until it is mended. A file that is removed takes its resources with it; a directory that vanishes
 * or cannot be read takes nothing.
 */
export class FileSource implements ResourceSource {
  readonly name = 'file source';
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timing: FileSourceTiming;
  readonly #watcher: DirectoryWatcher | null;
  readonly #listeners = new Set<() => void>();
  readonly #table = new FileTable();
  #current: ResourceSet | null = null;
  #faults: readonly ConfigFault[] = [];
  #listingFaults: readonly ConfigFault[] = [];
  /** Objects that stand in several files. */
  #repeatedFaults: readonly ConfigFault[] = [];
  /** What of each file `current` was made of. */
  #published: readonly (readonly PlacedObject[])[] = [];
  #changedSinceMs: number | null = null;
  #isStopped = false;
  #scanning: Promise<void> | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #cancelWake = () => {};

  constructor({ directory, clock, logger, timing, isWatching = true }: FileSourceOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#logger = logger;
    this.#timing = { ...defaultFileSourceTiming, ...timing };
    const onEvent = () => this.#wakeIn(eventDelayMs);
    this.#watcher = isWatching ? new DirectoryWatcher({ onEvent, logger }) : null;
  }

  get current(): ResourceSet | null {
    return this.#current;
  }

  get faults(): readonly ConfigFault[] {
    return this.#faults;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the directory has been read once; where it cannot be, `current` stays null until it can. */
  async start(): Promise<void> {
    await this.#scan({ isFirst: true });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelWake();
    this.#watcher?.close();
    await this.#scanning;
    // A look that was under way may have begun to watch again.
    this.#watcher?.close();
  }

  #wakeIn(delayMs: number): void {
    const atMs = this.#clock.monotonicMs() + delayMs;
    if (this.#isStopped || atMs >= this.#wakeAtMs) return;
    this.#cancelWake();
    this.#wakeAtMs = atMs;
    this.#cancelWake = this.#clock.schedule(delayMs, () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#scan({ isFirst: false }).catch((thrown) => {
        this.#logger.error('reading the configuration failed', { reason: messageOf(thrown) });
        this.#wakeIn(this.#timing.pollMs);
      });
    });
  }

  /** One look at a time; what happens meanwhile wakes the next. */
  async #scan(options: { readonly isFirst: boolean }): Promise<void> {
    if (this.#scanning !== null) {
      await this.#scanning;
      this.#wakeIn(eventDelayMs);
      return;
    }
    this.#scanning = this.#look(options).then((nextMs) => this.#wakeIn(nextMs));
    try {
      await this.#scanning;
    } finally {
      this.#scanning = null;
    }
  }

  /** Looks at every file, reads what has settled, and says in how many ms to look again. */
  async #look({ isFirst }: { readonly isFirst: boolean }): Promise<number> {
    const { pollMs, settleMs, maxSettleMs } = this.#timing;
    const listing = await this.#list();
    if (listing === null) return pollMs;
    const nowMs = this.#clock.monotonicMs();
    this.#table.observe(listing, nowMs);
    const changed = this.#table.changed();
    this.#changedSinceMs = changed.length === 0 ? null : (this.#changedSinceMs ?? nowMs);
    const settled = isFirst ? changed : changed.filter(({ sinceMs }) => nowMs - sinceMs >= settleMs);
    const mayWait = !isFirst && this.#changedSinceMs !== null && nowMs - this.#changedSinceMs < maxSettleMs;
    if (settled.length < changed.length && mayWait) return settleMs;

    const readings: (Reading | null)[] = [];
    for (const file of settled) readings.push(await this.#read(file, { nowMs, isFirst }));
    if (readings.includes(null) && mayWait) return settleMs;
    for (const reading of readings) if (reading !== null) this.#take(reading);
    if (isFirst) this.#readRecentAgain(listing);
    const isExpecting = this.#removeMissing(nowMs);
    this.#publish({ isListed: true });
    return isExpecting || this.#table.changed().length > 0 ? settleMs : pollMs;
  }

  async #list(): Promise<Listing | null> {
    try {
      const listing = await listFiles(this.#directory);
      this.#listingFaults = [...listing.unreadable].map(([name, reason]) =>
        errorAt(name, `${reason}; what stood stays in force`),
      );
      this.#watcher?.watch(listing.directories);
      return listing;
    } catch (thrown) {
      this.#listingFaults = [errorAt(this.#directory, `${messageOf(thrown)}; what stood stays in force`)];
      this.#watcher?.watch([]);
      this.#publish({ isListed: false });
      return null;
    }
  }

  /** Null where the file is still being written. */
  async #read(
    { name, path, fingerprint, sinceMs, objects }: KnownFile,
    { nowMs, isFirst }: { readonly nowMs: number; readonly isFirst: boolean },
  ): Promise<Reading | null> {
    try {
      const text = await readText(path);
      if (fingerprintOf(await stat(path, { bigint: true })) !== fingerprint) return null;
      if (text === null) return { name, fingerprint, content: refused(name, 'is too large') };
      if (text.trim() === '' && objects.length > 0) {
        const reason = 'is empty, its last content stays in force; remove the file to remove its resources';
        return { name, fingerprint, content: refused(name, reason) };
      }
      const isCut = !text.endsWith('\n') && !/\.json$/i.test(name);
      if (isCut && !isFirst && nowMs - sinceMs < this.#timing.unfinishedSettleMs) return null;
      return { name, fingerprint, content: parseManifestFile(text, name) };
    } catch (thrown) {
      if (isMissing(thrown)) return null;
      return { name, fingerprint, content: refused(name, messageOf(thrown)) };
    }
  }

  #take({ name, fingerprint, content }: Reading): void {
    this.#table.take(name, fingerprint, content);
    const fields = { file: name, faults: content.faults.slice(0, 20), faultCount: content.faults.length };
    if (hasErrors(content))
      this.#logger.warn('configuration file has errors, what stood stays in force', fields);
    else if (content.faults.length > 0) this.#logger.warn('configuration file read, with warnings', fields);
    if (content.foreignTypes.length > 0) {
      this.#logger.info('configuration file holds kinds that the mesh does not read', {
        file: name,
        types: content.foreignTypes,
      });
    }
  }

  /** Times on disk are coarse: a file written a moment before the first look may change and look the same. */
  #readRecentAgain({ files }: Listing): void {
    const sinceMs = this.#clock.nowMs() - 5 * this.#timing.settleMs;
    for (const { name, modifiedMs } of files) if (modifiedMs > sinceMs) this.#table.forget(name);
  }

  /** True where some are missing and not long enough yet. */
  #removeMissing(nowMs: number): boolean {
    const missing = this.#table.missing();
    const gone = missing.filter((file) => nowMs - file.missingSinceMs! >= this.#timing.removalMs);
    for (const { name } of gone) {
      this.#table.remove(name);
      this.#logger.info('configuration file removed', { file: name });
    }
    return gone.length < missing.length;
  }

  /** Tells of what changed, if anything did. Without a look that succeeded there is still nothing to show. */
  #publish({ isListed }: { readonly isListed: boolean }): void {
    if (this.#isStopped) return;
    const inForce = this.#table.inForce();
    const objects = inForce.map((file) => file.objects);
    const isNew = (this.#current === null && isListed) || !isSameList(objects, this.#published);
    // Merged only then: looks that find nothing come every second.
    const merged = isNew ? mergeFiles(objects) : null;
    const repeated = merged?.faults ?? this.#repeatedFaults;
    const faults = [...this.#listingFaults, ...inForce.flatMap((file) => file.faults), ...repeated];
    if (merged === null && JSON.stringify(faults) === JSON.stringify(this.#faults)) return;
    if (merged !== null) this.#current = merged.resources;
    this.#repeatedFaults = repeated;
    this.#published = objects;
    this.#faults = faults;
    for (const listener of [...this.#listeners]) listener();
  }
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

interface Reading {
  readonly name: string;
  readonly fingerprint: string;
  readonly content: FileContent;
}

function errorAt(place: string, reason: string): ConfigFault {
  return { severity: 'error', place, path: '', reason };
}

function refused(name: string, reason: string): FileContent {
  return { objects: [], faults: [errorAt(name, reason)], foreignTypes: [] };
}
