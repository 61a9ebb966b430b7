const headEnd = Buffer.from('\r\n\r\n');

/** Finds where answers with a length end, in whatever pieces they come; one answer at a time. */
export class AnswerReader {
  /** Whether the last one was a 200. */
  isOk = false;
  #head: Buffer = Buffer.alloc(0);
  #restBytes = 0;

  /** True: the answer is complete. */
  take(buffer: Buffer, bytes: number): boolean {
    if (this.#restBytes > 0) {
      this.#restBytes -= bytes;
      return this.#restBytes <= 0;
    }
    const piece = buffer.subarray(0, bytes);
    const seen = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece]);
    const end = seen.indexOf(headEnd);
    if (end < 0) {
      // A copy: the buffer is used again.
      this.#head = Buffer.from(seen);
      return false;
    }
    const head = seen.toString('latin1', 0, end);
    this.#head = Buffer.alloc(0);
    this.isOk = head.startsWith('HTTP/1.1 200');
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    this.#restBytes = length - (seen.length - end - headEnd.length);
    return this.#restBytes <= 0;
  }
}
