import type { EncodedResource } from '@tulle/xds';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';
import { type Holdings, noHoldings } from './held-versions.ts';

/** What one response carries. */
export interface Batch {
  readonly entries: readonly SnapshotEntry[];
  readonly encoded: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** Encodes an entry, or null where that failed (and was reported): one bad resource must not stop the others. */
export type EncodeEntry = (entry: SnapshotEntry) => EncodedResource | null;

/** What the client was last sent of a resource. */
interface Held {
  /** Null where the client may have dropped it meanwhile. */
  version: string | null;
  /** The very entry, for comparison by identity; null where only the version is known or it is to be removed. */
  entry: SnapshotEntry | null;
  /** The other names that the client knows it by; none where only the version is known. */
  aliases: readonly string[];
}

/**
 * What a client holds of one type and what it has yet to be told. Whatever happens before a response can go
 * out only changes these sets: that is the coalescing. They don't outgrow the subscriptions, but for answers
 * to what was unsubscribed under a wildcard, which `unanswered` lets the stream limit.
 */
export class PendingChanges {
  readonly #holdings: Pick<Holdings, 'resumed' | 'gone'>;
  readonly #held = new Map<string, Held>();
  readonly #updates = new Map<string, { readonly entry: SnapshotEntry; readonly isForced: boolean }>();
  /** Names asked for that mean nothing: an answer, which goes out with the updates. */
  readonly #missing = new Set<string>();
  /** Names that meant something: told after everyone's updates (make before break). */
  readonly #removals = new Set<string>();
  #mustAnswer = false;

  constructor(holdings: Pick<Holdings, 'resumed' | 'gone'> = noHoldings) {
    this.#holdings = holdings;
  }

  get hasUpdates(): boolean {
    return this.#mustAnswer || this.#updates.size > 0 || this.#missing.size > 0;
  }

  get hasRemovals(): boolean {
    return this.#removals.size > 0;
  }

  /** How many names that mean nothing have yet to be answered. */
  get unanswered(): number {
    return this.#missing.size;
  }

  heldNames(): readonly string[] {
    return [...this.#held.keys()];
  }

  isHeld(name: string): boolean {
    return this.#held.has(name);
  }

  heldAliases(name: string): readonly string[] {
    return this.#held.get(name)?.aliases ?? [];
  }

  /** What the client says that it has from an earlier stream. */
  resume(name: string, version: string): void {
    this.#held.set(name, { version, entry: null, aliases: [] });
    this.#holdings.resumed(name, version);
  }

  /** The next response goes out even with nothing in it. */
  requireAnswer(): void {
    this.#mustAnswer = true;
  }

  isUpToDate(entry: SnapshotEntry): boolean {
    return this.#held.get(entry.name)?.entry === entry && !this.#updates.has(entry.name);
  }

  /** The client is to have this entry; `isForced`: even if it was sent this version before. */
  queue(entry: SnapshotEntry, isForced: boolean): void {
    this.clearAbsence(entry.name);
    for (const alias of entry.aliases) this.clearAbsence(alias);
    const held = this.#held.get(entry.name);
    const mustSend = isForced || this.#updates.get(entry.name)?.isForced === true;
    if (mustSend || held?.version !== entry.version) {
      this.#updates.set(entry.name, { entry, isForced: mustSend });
      return;
    }
    this.#updates.delete(entry.name);
    Object.assign(held, { entry, aliases: entry.aliases });
  }

  /** A name that means something again, whatever was to be said of it. */
  clearAbsence(name: string): void {
    this.#missing.delete(name);
    this.#removals.delete(name);
  }

  /**
   * A name that is no longer asked for. A removal of what is held by that very name stays: the client may
   * still keep it for an alias, or may have dropped it now.
   */
  unasked(name: string): void {
    this.#missing.delete(name);
    const held = this.#held.get(name);
    if (held === undefined) this.#removals.delete(name);
    else if (this.#removals.has(name)) held.version = null;
  }

  /** The wildcard is no longer asked for: of what is being removed the client may have dropped any. */
  unaskedAll(): void {
    for (const name of this.#removals) {
      const held = this.#held.get(name);
      if (held !== undefined) held.version = null;
    }
  }

  /** A name asked for that means nothing: an answer, or a removal where something was held by this name. */
  queueAbsence(name: string, wasHeld: boolean): void {
    if (wasHeld || this.#held.has(name)) this.#removals.add(name);
    else this.#missing.add(name);
  }

  /** The client may not have this resource any longer: it went away or is meant by no name. */
  drop(name: string): void {
    this.#updates.delete(name);
    const held = this.#held.get(name);
    if (held === undefined) return;
    held.entry = null;
    this.#removals.add(name);
  }

  /** The client let go of it by itself: nothing to say. */
  forget(name: string): void {
    this.#updates.delete(name);
    this.#removals.delete(name);
    this.#held.delete(name);
    this.#holdings.gone(name);
  }

  /** Takes updates and answers up to about `maxBytes`, at least one; what is taken counts as sent. */
  takeUpdates(maxBytes: number, encode: EncodeEntry): Batch {
    this.#mustAnswer = false;
    const entries: SnapshotEntry[] = [];
    const encoded: EncodedResource[] = [];
    let bytes = 0;
    for (const [name, { entry }] of this.#updates) {
      const piece = encode(entry);
      if (piece !== null) {
        if (bytes > 0 && bytes + piece.length > maxBytes) break;
        bytes += piece.length;
        entries.push(entry);
        encoded.push(piece);
      }
      this.#updates.delete(name);
      this.#held.set(name, { version: entry.version, entry, aliases: entry.aliases });
    }
    return { entries, encoded, removed: takeNames(this.#missing, maxBytes - bytes) };
  }

  takeRemovals(maxBytes: number): Batch {
    const removed = takeNames(this.#removals, maxBytes);
    for (const name of removed) {
      this.#held.delete(name);
      this.#holdings.gone(name);
    }
    return { entries: [], encoded: [], removed };
  }
}

function takeNames(names: Set<string>, maxBytes: number): string[] {
  const taken: string[] = [];
  let bytes = 0;
  for (const name of names) {
    if (bytes >= maxBytes) break;
    // In the worst case a character takes three bytes; tag and length take up to four.
    bytes += name.length * 3 + 4;
    taken.push(name);
    names.delete(name);
  }
  return taken;
}
