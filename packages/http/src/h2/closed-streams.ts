/**
 * Which closed streams may still be spoken of: frames that the peer sent before it learnt of a reset are
 * ignored, those on streams long closed end the connection (RFC 9113 section 5.1). Forgets by count and not by
 * time, as the RFC asks.
 */

/** The peer may have sent anything before it saw our RST_STREAM. */
export const RESET_BY_US = 1;
/** The peer reset it, and must not send on it. */
export const RESET_BY_PEER = 2;
export type ClosedBy = typeof RESET_BY_US | typeof RESET_BY_PEER;

/** Of each of two generations: above what any peer has open at once. */
const MAX_REMEMBERED = 2048;
const MAX_SKIPPED_RUNS = 16;

const nothing = new Map<number, ClosedBy>();

export class ClosedStreams {
  /** Shared until there is something to remember: most connections see no reset, and lie idle. */
  #recent = nothing;
  #older = nothing;
  /** Runs [from,to) of ids that were never used: they are closed, but no stream ever was. */
  readonly #skipped: [from: number, to: number][] = [];

  add(streamId: number, by: ClosedBy): void {
    if (this.#recent === nothing) this.#recent = new Map();
    if (this.#recent.size >= MAX_REMEMBERED) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(streamId, by);
  }

  /** Undefined: long closed, or by END_STREAM both ways. */
  get(streamId: number): ClosedBy | undefined {
    return this.#recent.get(streamId) ?? this.#older.get(streamId);
  }

  skip(from: number, to: number): void {
    if (this.#skipped.length === MAX_SKIPPED_RUNS) this.#skipped.shift();
    this.#skipped.push([from, to]);
  }

  wasSkipped(streamId: number): boolean {
    return this.#skipped.some(([from, to]) => streamId >= from && streamId < to);
  }
}
