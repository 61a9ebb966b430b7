/**
 * Bytes that a transport accepted and cannot pass on yet, copied. Small writes share a chunk, so
 * that a slow reader costs about what is queued for it.
 */
const FIRST_CHUNK_BYTES = 1024;
const CHUNK_BYTES = 16 * 1024;

interface Chunk {
  readonly bytes: Buffer;
  length: number;
}

export class ByteQueue {
  length = 0;
  #chunks: Chunk[] = [];

  append(buffer: Buffer, start: number, end: number): void {
    let at = start;
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length < last.bytes.length) {
      const fitting = Math.min(end - at, last.bytes.length - last.length);
      buffer.copy(last.bytes, last.length, at, at + fitting);
      last.length += fitting;
      at += fitting;
    }
    if (at < end) {
      const least = last === undefined ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
      const bytes = Buffer.allocUnsafeSlow(Math.max(least, end - at));
      buffer.copy(bytes, 0, at, end);
      this.#chunks.push({ bytes, length: end - at });
    }
    this.length += end - start;
  }

  /** The oldest chunk, which is then the caller's. Null when there is none. */
  shift(): Buffer | null {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    this.length -= chunk.length;
    return chunk.bytes.subarray(0, chunk.length);
  }

  clear(): void {
    this.#chunks = [];
    this.length = 0;
  }
}
