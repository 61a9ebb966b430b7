/** Body bytes of one stream that wait for credit or for the transport, copied. */
import { ByteQueue, type QueuedChunk } from '../transport/byte-queue.ts';
import { memoryAccount } from '../transport/memory-account.ts';
import { releaseBlock } from '../transport/write-blocks.ts';

export class SendQueue {
  readonly #queue = new ByteQueue();
  /** The oldest chunk, of which the bytes from #at on are still to go. */
  #head: QueuedChunk | null = null;
  #at = 0;

  get length(): number {
    return this.#queue.length + (this.#head === null ? 0 : this.#head.end - this.#at);
  }

  append(buffer: Buffer, start: number, end: number): void {
    if (end > start) this.#queue.append(buffer, start, end);
  }

  /** Moves the oldest `bytes`, which are there, to `out` at `offset`. */
  moveTo(out: Buffer, offset: number, bytes: number): void {
    let o = offset;
    const end = offset + bytes;
    while (o < end) {
      const head = this.#head ?? this.#takeHead();
      const part = Math.min(end - o, head.end - this.#at);
      head.bytes.copy(out, o, this.#at, this.#at + part);
      o += part;
      this.#at += part;
      if (this.#at === head.end) this.#releaseHead();
    }
  }

  #takeHead(): QueuedChunk {
    const head = this.#queue.shift()!;
    this.#head = head;
    memoryAccount.bufferedBytes += head.bytes.length;
    this.#at = head.start;
    return head;
  }

  clear(): void {
    this.#queue.clear();
    this.#releaseHead();
  }

  #releaseHead(): void {
    const head = this.#head;
    if (head === null) return;
    memoryAccount.bufferedBytes -= head.bytes.length;
    if (head.isBlock) releaseBlock(head.bytes);
    this.#head = null;
  }
}
