/** Hashes of fields, 32 bits. Not secret: who makes them collide spoils his own connection's compression. */
import { LOWER } from '../message/bytes.ts';

const MULTIPLIER = 0x9e3779b1;

/** Of a name in any case. */
export function hashName(buffer: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ LOWER[buffer[i]!]!, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** Of a field; four bytes a step, which halves it (benchmarks/micro/hpack.ts). */
export function hashValue(nameHash: number, buffer: Buffer, start: number, end: number): number {
  let hash = nameHash ^ (end - start);
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = buffer[i]! | (buffer[i + 1]! << 8) | (buffer[i + 2]! << 16) | (buffer[i + 3]! << 24);
    hash = Math.imul(hash ^ word, MULTIPLIER);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ buffer[i]!, MULTIPLIER);
  return hash ^ (hash >>> 15);
}
