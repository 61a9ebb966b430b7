/** Label values in the order of a family's label names. */
export type LabelValues = readonly string[];

/** Beyond this many label sets a family counts into one series whose labels all read `overflow`. */
export const defaultMaxSeries = 2_000;

const FIRST_SERIES = 8;
export const OVERFLOW = 'overflow';

interface Slot {
  readonly key: string;
  readonly labels: LabelValues;
  readonly at: number;
  references: number;
}

export interface SeriesTableOptions {
  readonly name: string;
  readonly labelNames: readonly string[];
  /** Numbers that one series takes. */
  readonly width: number;
  readonly maxSeries: number;
}

/**
 * The series of one family: all numbers in one growing array, where a series is the offset of its first. Whoever
 * counts holds the offset, and reads `values` anew each time: growth replaces the array.
 * Benchmark: benchmarks/micro/metrics.ts.
 */
export class SeriesTable {
  values: Float64Array;
  readonly labelNames: readonly string[];
  readonly width: number;
  readonly #name: string;
  readonly #maxSeries: number;
  readonly #byKey = new Map<string, Slot>();
  readonly #bySlot: (Slot | undefined)[] = [];
  readonly #free: number[] = [];

  constructor({ name, labelNames, width, maxSeries }: SeriesTableOptions) {
    this.#name = name;
    this.labelNames = labelNames;
    this.width = width;
    this.#maxSeries = maxSeries;
    this.values = new Float64Array(FIRST_SERIES * width);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Where the series of these label values begins, made on first use and kept until it is released as often. */
  acquire(labels: LabelValues): number {
    const key = labels.join('\u0000');
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.references++;
      return known.at;
    }
    if (labels.length !== this.labelNames.length) {
      const names = this.labelNames.join(', ');
      throw new Error(`metric ${this.#name} has the labels ${names}; got ${labels.length} values`);
    }
    if (this.#byKey.size >= this.#maxSeries && labels.some((label) => label !== OVERFLOW)) {
      return this.acquire(labels.map(() => OVERFLOW));
    }
    return this.#add(key, labels);
  }

  /** The last release drops the series from the exposition; another label set may get its place. */
  release(at: number): void {
    const slot = this.#bySlot[at / this.width]!;
    slot.references--;
    if (slot.references > 0) return;
    this.#byKey.delete(slot.key);
    this.#bySlot[at / this.width] = undefined;
    this.values.fill(0, at, at + this.width);
    this.#free.push(at);
  }

  /** Whether the series is that of all for which there was no room. */
  isOverflow(at: number): boolean {
    return this.#bySlot[at / this.width]!.labels.every((label) => label === OVERFLOW);
  }

  /** Of all numbers of the series. It has moved only if the series was used. */
  sum(at: number): number {
    let sum = 0;
    for (let i = at; i < at + this.width; i++) sum += this.values[i]!;
    return sum;
  }

  entries(): IterableIterator<{ readonly labels: LabelValues; readonly at: number }> {
    return this.#byKey.values();
  }

  #add(key: string, labels: LabelValues): number {
    const at = this.#free.pop() ?? this.#bySlot.length * this.width;
    if (at + this.width > this.values.length) {
      const larger = new Float64Array(2 * this.values.length);
      larger.set(this.values);
      this.values = larger;
    }
    const slot = { key, labels, at, references: 1 };
    this.#byKey.set(key, slot);
    this.#bySlot[at / this.width] = slot;
    return at;
  }
}
