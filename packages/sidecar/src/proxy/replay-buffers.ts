import { copyBytes, scratch } from '@tulle/http';

const MAX_SPARE = 256;

/** Copies of requests that may have to be sent again; taken for the time until the response begins. */
export class ReplayBuffers {
  readonly #bytes: number;
  readonly #spare: Buffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A copy of the first `length` bytes of the scratch, or null: too long to be kept. */
  keep(length: number): Buffer | null {
    if (length > this.#bytes) return null;
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
    copyBytes(buffer, 0, scratch.buffer, 0, length);
    return buffer;
  }

  release(buffer: Buffer): void {
    // A copy that a queue made has its own size.
    if (buffer.length === this.#bytes && this.#spare.length < MAX_SPARE) this.#spare.push(buffer);
  }
}
