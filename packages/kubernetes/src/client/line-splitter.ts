/** Longer than any object that etcd takes; a line beyond it is no watch event. */
const maxLineBytes = 8 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines. A line that lies in one chunk costs one string and no copy; only one that
 * is spread over chunks is put together.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number = maxLineBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the stream stands in the middle of a line. */
  get isInLine(): boolean {
    return this.#heldBytes > 0;
  }

  /** The lines that end in this chunk, in order; empty ones are left out. Throws RangeError on a line that is too long. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const line = this.#take(chunk, start, end);
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
  }

  #take(chunk: Buffer, start: number, end: number): string {
    if (this.#heldBytes === 0) {
      this.#check(end - start);
      return chunk.toString('utf8', start, end);
    }
    this.#hold(chunk.subarray(start, end));
    const line = Buffer.concat(this.#held, this.#heldBytes).toString('utf8');
    this.#held = [];
    this.#heldBytes = 0;
    return line;
  }

  #hold(part: Buffer): void {
    this.#check(this.#heldBytes + part.length);
    this.#held.push(part);
    this.#heldBytes += part.length;
  }

  #check(bytes: number): void {
    if (bytes > this.#maxBytes) throw new RangeError(`a line is longer than ${this.#maxBytes} bytes`);
  }
}
