/**
 * Blocks in which a connection gathers output before it writes: what is written from one is not copied.
 *
 *     const block = takeWriteBlock();                          // yours, WRITE_BLOCK_BYTES long
 *     const mayGoOn = transport.writeBlock(block, start, end); // the transport's from here on
 *
 * The transport returns the block once the kernel, or OpenSSL, has its bytes. One that is not written
 * goes back by returnWriteBlock(), once.
 *
 * Bounds: spare blocks, 2.3 MiB; and twice as much that wait for slow peers. Beyond the latter a transport
 * copies what waits to memory of its size, and returns the block at once. Whoever takes blocks bounds those
 * that it fills: one a connection, for a turn of the loop.
 */
import { SCRATCH_BYTES } from './transport.ts';

/** The scratch's own size: a body of 64 KB with its head and frames fits. */
export const WRITE_BLOCK_BYTES = SCRATCH_BYTES;

const MAX_SPARE = 32;
const MAX_HELD = 64;

const spare: Buffer[] = [];
let held = 0;

export function takeWriteBlock(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(WRITE_BLOCK_BYTES);
}

export function returnWriteBlock(block: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(block);
}

/** For transports: whether one more block may wait for a peer. Count it by holdBlock(). */
export function mayHoldBlock(): boolean {
  return held < MAX_HELD;
}

export function holdBlock(): void {
  held++;
}

export function releaseBlock(block: Buffer): void {
  held--;
  returnWriteBlock(block);
}

/** Blocks that wait for a peer, and spare ones. */
export function countBlocks(): { readonly held: number; readonly spare: number } {
  return { held, spare: spare.length };
}
