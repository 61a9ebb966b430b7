/**
 * Keeps the beginning of a head that did not arrive whole. Bounded by maxHeadBytes, since the
 * parser answers an error, not NEED_MORE, from there on. A peer that drips bytes must not cost a
 * parse each: a head becomes whole only with a line feed, so the rest waits for one, and an error
 * in an unfinished line is found when the line ends.
 */
import { memoryAccount } from '../transport/memory-account.ts';

const LF = 10;
const FIRST_BYTES = 1024;

export class HeadStash {
  #bytes: Buffer | null = null;
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Copies [start,end) out of the shared read buffer, after what is kept. */
  keep(buffer: Buffer, start: number, end: number): void {
    const total = this.#length + end - start;
    let bytes = this.#bytes;
    if (bytes === null || bytes.length < total) {
      const larger = Buffer.allocUnsafeSlow(Math.max(total, 2 * (bytes?.length ?? 0), FIRST_BYTES));
      bytes?.copy(larger, 0, 0, this.#length);
      memoryAccount.bufferedBytes += larger.length - (bytes?.length ?? 0);
      bytes = larger;
      this.#bytes = larger;
    }
    buffer.copy(bytes, this.#length, start, end);
    this.#length = total;
  }

  /**
   * Adds [start,end) and gives all as one buffer for the parser, after which the stash is empty; or
   * null when the head cannot be whole yet: the bytes are kept, wait for more.
   */
  join(buffer: Buffer, start: number, end: number, maxHeadBytes: number): Buffer | null {
    const hasLineFeed = buffer.subarray(start, end).includes(LF);
    this.keep(buffer, start, end);
    const isWorthIt = hasLineFeed || this.#length >= maxHeadBytes;
    if (!isWorthIt) return null;
    const joined = this.#bytes!.subarray(0, this.#length);
    this.clear();
    return joined;
  }

  clear(): void {
    if (this.#bytes !== null) memoryAccount.bufferedBytes -= this.#bytes.length;
    this.#bytes = null;
    this.#length = 0;
  }
}
