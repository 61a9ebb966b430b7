/**
 * The input that a worker is running, where the main thread can read it: so that one which never ends, or
 * takes the worker down, is known.
 */
const HEADER_BYTES = 8;

export class CurrentInput {
  readonly shared: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(shared: SharedArrayBuffer | number) {
    this.shared = typeof shared === 'number' ? new SharedArrayBuffer(HEADER_BYTES + shared) : shared;
    this.#header = new Int32Array(this.shared, 0, 2);
    this.#bytes = new Uint8Array(this.shared, HEADER_BYTES);
  }

  set(input: Buffer): void {
    this.#bytes.set(input);
    this.#header[1] = input.length;
    this.#header[0]!++;
  }

  /** Changes from input to input. */
  get count(): number {
    return Atomics.load(this.#header, 0);
  }

  copy(): Buffer {
    return Buffer.from(this.#bytes.slice(0, this.#header[1]));
  }
}
