/**
 * Where the bytes of a plain write lie while libuv may still refer to them. A write that the
 * kernel takes at once needs no copy; one that goes on asynchronously pins its memory until done.
 */
import { SCRATCH_BYTES, scratch } from './transport.ts';
import { holdBlock, mayHoldBlock, takeWriteBlock } from './write-blocks.ts';

/** Views of the front of a buffer are kept: most messages begin at 0 and are short. */
const CACHED_VIEW_BYTES = 4096;

/** For bytes that are neither in the scratch nor in a block. */
let staging: Buffer = takeWriteBlock();

class ViewCache {
  #of: Buffer = Buffer.alloc(0);
  readonly #views: (Buffer | null)[] = new Array(CACHED_VIEW_BYTES + 1).fill(null);

  view(buffer: Buffer, length: number): Buffer {
    if (length > CACHED_VIEW_BYTES) return buffer.subarray(0, length);
    if (this.#of !== buffer) {
      this.#views.fill(null);
      this.#of = buffer;
    }
    let view = this.#views[length] ?? null;
    if (view === null) {
      view = buffer.subarray(0, length);
      this.#views[length] = view;
    }
    return view;
  }
}

const scratchViews = new ViewCache();
const stagingViews = new ViewCache();

/** A view to write [start,end) from. Follow with pin() if the write goes on asynchronously. */
export function writableView(buffer: Buffer, start: number, end: number): Buffer {
  if (!mayHoldBlock() || end - start > SCRATCH_BYTES) return Buffer.from(buffer.subarray(start, end));
  if (buffer === scratch.buffer) {
    return start === 0 ? scratchViews.view(buffer, end) : buffer.subarray(start, end);
  }
  buffer.copy(staging, 0, start, end);
  return stagingViews.view(staging, end - start);
}

/** Keeps the view's memory out of use; gives the block for releaseBlock(), or null if it is private. */
export function pin(view: Buffer): Buffer | null {
  if (view.buffer === scratch.buffer.buffer) {
    const block = scratch.buffer;
    scratch.buffer = takeWriteBlock();
    holdBlock();
    return block;
  }
  if (view.buffer === staging.buffer) {
    const block = staging;
    staging = takeWriteBlock();
    holdBlock();
    return block;
  }
  return null;
}

/** A view of [start,end) itself, for a write that copies what it cannot send (TLS). */
export function borrowedView(buffer: Buffer, start: number, end: number): Buffer {
  if (buffer === scratch.buffer && start === 0) return scratchViews.view(buffer, end);
  return buffer.subarray(start, end);
}
