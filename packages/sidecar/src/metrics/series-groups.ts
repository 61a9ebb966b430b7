import type { LabelValues, SeriesTable } from '@tulle/runtime';

/** Series that are used together, and expire together when nobody has used them for long. */
export abstract class SeriesGroup {
  /** Whoever holds it must ask for another: it has expired, or its labels hold no more. */
  isStale = false;
  usedMs: number;
  readonly #held: { readonly table: SeriesTable; readonly at: number }[] = [];
  #sum = 0;

  constructor(nowMs: number) {
    this.usedMs = nowMs;
  }

  /** It must not expire, though nothing may be counted for long. */
  get isPinned(): boolean {
    return false;
  }

  /** Some of it is counted in series that it shares with all for which there was no room. */
  get isOverflowing(): boolean {
    return this.#held.some(({ table, at }) => table.isOverflow(at));
  }

  /** Looked at now and then, instead of a stamp for each request. */
  observeUse(nowMs: number): void {
    let sum = 0;
    for (const { table, at } of this.#held) sum += table.sum(at);
    if (sum !== this.#sum || this.isPinned) this.usedMs = nowMs;
    this.#sum = sum;
  }

  release(): void {
    for (const { table, at } of this.#held) table.release(at);
    this.#held.length = 0;
  }

  protected hold(table: SeriesTable, labels: LabelValues): number {
    const at = table.acquire(labels);
    this.#held.push({ table, at });
    return at;
  }
}

const OVERFLOW = 'overflow';

/** The groups of one kind by their labels: bounded, and expiring. */
export class SeriesGroups<G extends SeriesGroup> {
  readonly #make: (labels: LabelValues) => G;
  readonly #maxGroups: number;
  readonly #groups = new Map<string, G>();

  constructor(maxGroups: number, make: (labels: LabelValues) => G) {
    this.#maxGroups = maxGroups;
    this.#make = make;
  }

  get size(): number {
    return this.#groups.size;
  }

  of(labels: LabelValues): G {
    const key = labels.join('\u0000');
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.isStale = false;
      return known;
    }
    if (this.#groups.size >= this.#maxGroups && labels.some((label) => label !== OVERFLOW)) {
      return this.of(labels.map(() => OVERFLOW));
    }
    const made = this.#make(labels);
    this.#groups.set(key, made);
    return made;
  }

  /** The labels have changed: whoever counts next asks again. What was counted stays until it expires. */
  outdate(): void {
    for (const group of this.#groups.values()) group.isStale = true;
  }

  sweep(nowMs: number, expiryMs: number): void {
    let hasRoom = false;
    for (const [key, group] of this.#groups) {
      group.observeUse(nowMs);
      if (nowMs - group.usedMs < expiryMs) continue;
      this.#drop(key, group);
      hasRoom = true;
    }
    if (!hasRoom) return;
    for (const [key, group] of this.#groups) {
      if (group.isOverflowing && !group.isPinned) this.#drop(key, group);
    }
  }

  #drop(key: string, group: G): void {
    this.#groups.delete(key);
    group.isStale = true;
    group.release();
  }
}
