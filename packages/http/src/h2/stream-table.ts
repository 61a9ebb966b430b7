/**
 * The streams of a connection by id. Ids go up by two, and most streams are short: a slot each, by the id's
 * low bits, and a Map for those whose slot is taken. A Map alone allocates as it is filled and emptied
 * (benchmarks/micro/h2-frames.ts: 240 heap bytes an exchange with it, 2 without, and a tenth of the time).
 */
import type { H2Stream } from './h2-stream.ts';

const FIRST_SLOTS = 16;
const MAX_SLOTS = 1024;

export class StreamTable {
  #slots: (H2Stream | null)[] = new Array(FIRST_SLOTS).fill(null);
  #mask: number = FIRST_SLOTS - 1;
  readonly #others = new Map<number, H2Stream>();

  get(streamId: number): H2Stream | undefined {
    const stream = this.#slots[(streamId >>> 1) & this.#mask]!;
    if (stream !== null && stream.id === streamId) return stream;
    return this.#others.size === 0 ? undefined : this.#others.get(streamId);
  }

  /** The stream's id is set, and new. */
  add(stream: H2Stream): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === null) {
      this.#slots[slot] = stream;
      return;
    }
    this.#others.set(stream.id, stream);
    if (this.#others.size * 2 > this.#slots.length && this.#slots.length < MAX_SLOTS) this.#grow();
  }

  delete(stream: H2Stream): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === stream) this.#slots[slot] = null;
    else this.#others.delete(stream.id);
  }

  /** A copy: what is done with the streams may end others. */
  all(): H2Stream[] {
    const all = this.#slots.filter((stream) => stream !== null);
    return [...all, ...this.#others.values()];
  }

  #grow(): void {
    const streams = this.all();
    this.#mask = this.#slots.length * 2 - 1;
    this.#slots = new Array(this.#mask + 1).fill(null);
    this.#others.clear();
    for (const stream of streams) {
      const slot = (stream.id >>> 1) & this.#mask;
      if (this.#slots[slot] === null) this.#slots[slot] = stream;
      else this.#others.set(stream.id, stream);
    }
  }
}
