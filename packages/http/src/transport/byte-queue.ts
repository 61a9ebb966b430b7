/**
 * Bytes that a transport accepted and cannot pass on yet. Small writes are copied and share a chunk, so
 * that a slow reader costs about what is queued for it; large ones are copied to a block, and a block that is
 * at least half full is kept.
 */
import { memoryAccount } from './memory-account.ts';
import {
  holdBlock,
  mayHoldBlock,
  releaseBlock,
  returnWriteBlock,
  takeWriteBlock,
  WRITE_BLOCK_BYTES,
} from './write-blocks.ts';

const FIRST_CHUNK_BYTES = 1024;
const CHUNK_BYTES = 16 * 1024;

export interface QueuedChunk {
  readonly bytes: Buffer;
  readonly start: number;
  end: number;
  /** To be released once written. */
  readonly isBlock: boolean;
}

export class ByteQueue {
  length = 0;
  #chunks: QueuedChunk[] = [];

  append(buffer: Buffer, start: number, end: number): void {
    let at = start;
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.end < last.bytes.length) {
      const fitting = Math.min(end - at, last.bytes.length - last.end);
      buffer.copy(last.bytes, last.end, at, at + fitting);
      last.end += fitting;
      at += fitting;
    }
    while (at < end) at = this.#appendChunk(buffer, at, end, last === undefined);
    this.length += end - start;
  }

  /** In a block where that is not too large: memory made for each large write costs its collection (`two-hop-mtls-64k`). */
  #appendChunk(buffer: Buffer, start: number, end: number, isFirst: boolean): number {
    const isBlock = end - start >= CHUNK_BYTES && mayHoldBlock();
    if (isBlock) holdBlock();
    const least = isFirst ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
    const bytes = isBlock ? takeWriteBlock() : Buffer.allocUnsafeSlow(Math.max(least, end - start));
    const stop = Math.min(end, start + bytes.length);
    buffer.copy(bytes, 0, start, stop);
    this.#push({ bytes, start: 0, end: stop - start, isBlock });
    return stop;
  }

  /** The block is the queue's from here on. */
  appendBlock(block: Buffer, start: number, end: number): void {
    if (end - start < WRITE_BLOCK_BYTES / 2 || !mayHoldBlock()) {
      this.append(block, start, end);
      returnWriteBlock(block);
      return;
    }
    holdBlock();
    this.#push({ bytes: block, start, end, isBlock: true });
    this.length += end - start;
  }

  #push(chunk: QueuedChunk): void {
    memoryAccount.bufferedBytes += chunk.bytes.length;
    this.#chunks.push(chunk);
  }

  /** The oldest chunk, which is then the caller's. Null when there is none. */
  shift(): QueuedChunk | null {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    memoryAccount.bufferedBytes -= chunk.bytes.length;
    this.length -= chunk.end - chunk.start;
    return chunk;
  }

  clear(): void {
    for (const chunk of this.#chunks) {
      memoryAccount.bufferedBytes -= chunk.bytes.length;
      if (chunk.isBlock) releaseBlock(chunk.bytes);
    }
    this.#chunks = [];
    this.length = 0;
  }
}

/** Of a transport that has nothing queued, as most have: never append to it. */
export const emptyQueue = new ByteQueue();
