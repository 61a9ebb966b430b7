/**
 * Data that a backend read before pause() and hands over after it: a TLS record is decrypted whole,
 * so up to one read's worth may come late. Keeps the promise that pause() is immediate.
 */
import { memoryAccount } from './memory-account.ts';

export class HeldReads {
  #chunks: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  hold(buffer: Buffer, start: number, end: number): void {
    memoryAccount.bufferedBytes += end - start;
    this.#chunks.push(Buffer.from(buffer.subarray(start, end)));
  }

  takeAll(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return all;
  }

  take(): Buffer | null {
    const chunk = this.#chunks.shift() ?? null;
    if (chunk !== null) memoryAccount.bufferedBytes -= chunk.length;
    return chunk;
  }

  clear(): void {
    while (this.take() !== null);
  }
}

/** Of a transport that holds nothing, as most do: never hold in it. */
export const noReads = new HeldReads();
