import { randomBytes } from 'node:crypto';
import type { RequestText } from './request-text.ts';

const HEX = Buffer.from('0123456789abcdef');
const PREFIX = 'x-request-id: ';
const COUNTER_DIGITS = 12;

/**
 * Makes `x-request-id` lines in the form of a UUID of version 4: random per process, then a counter,
 * since a random number for each request would cost more than the rest of its head.
 */
export class RequestIds {
  /** The line with its CRLF; rewritten by next(). */
  readonly line: Buffer;
  readonly #end: number;

  constructor(seed: Buffer = randomBytes(16)) {
    const hex = seed.toString('hex');
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    this.line = Buffer.from(`${PREFIX}${id}\r\n`);
    this.#end = PREFIX.length + id.length;
  }

  /** Counts the last twelve digits up. */
  next(): void {
    const line = this.line;
    for (let i = this.#end - 1; i >= this.#end - COUNTER_DIGITS; i--) {
      const digit = line[i]!;
      if (digit === 102) {
        line[i] = 48;
        continue;
      }
      line[i] = digit === 57 ? HEX[10]! : digit + 1;
      return;
    }
  }

  /** Hands over the id that stands in the line. */
  capture(text: RequestText): void {
    text.captureId(this.line, PREFIX.length, this.#end);
  }
}
