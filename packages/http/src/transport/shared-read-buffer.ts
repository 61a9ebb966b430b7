/**
 * One read buffer for all connections: whoever gets bytes copies out what it keeps, before it
 * returns. A connection that fills it gets a block of its own for as long as it does, so that
 * those bytes can be written on without a copy; blocks are few and go back.
 */
export const READ_BUFFER_BYTES = 65536;

export const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

/** Bounds the read blocks in use, 2 MiB, and the spare ones. */
const MAX_BLOCKS = 32;
const MAX_SPARE = 8;

const spare: Buffer[] = [];
let inUse = 0;

/** A block to read into, or null when as many as may be are in use. */
export function takeReadBlock(): Buffer | null {
  if (inUse >= MAX_BLOCKS) return null;
  inUse++;
  return spare.pop() ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
}

export function returnReadBlock(block: Buffer): void {
  inUse--;
  if (spare.length < MAX_SPARE) spare.push(block);
}
