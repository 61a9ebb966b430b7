/**
 * Where the bytes of a plain write lie while libuv may still refer to them. A write that the
 * kernel takes at once needs no copy; one that goes on asynchronously pins its memory until done.
 */
import { SCRATCH_BYTES, scratch } from './transport.ts';

/** Pinned scratches are bounded, 2.3 MiB: beyond, writes are copied to memory of their size first. */
const MAX_PINNED = 32;
const MAX_SPARE = 8;
/** Views of the front of a buffer are kept: most messages begin at 0 and are short. */
const CACHED_VIEW_BYTES = 4096;

const spare: Buffer[] = [];
let pinned = 0;
/** For bytes that are neither in the scratch nor in a read block. */
let staging: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

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
  if (pinned >= MAX_PINNED || end - start > SCRATCH_BYTES) return Buffer.from(buffer.subarray(start, end));
  if (buffer === scratch.buffer) {
    return start === 0 ? scratchViews.view(buffer, end) : buffer.subarray(start, end);
  }
  buffer.copy(staging, 0, start, end);
  return stagingViews.view(staging, end - start);
}

/** Keeps the view's memory out of use; gives the whole buffer for unpin(), or null if it is private. */
export function pin(view: Buffer): Buffer | null {
  if (view.buffer === scratch.buffer.buffer) {
    const held = scratch.buffer;
    scratch.buffer = spare.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    pinned++;
    return held;
  }
  if (view.buffer === staging.buffer) {
    const held = staging;
    staging = spare.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    pinned++;
    return held;
  }
  return null;
}

export function unpin(held: Buffer): void {
  pinned--;
  if (spare.length < MAX_SPARE) spare.push(held);
}

/** A view of [start,end) itself, for a write that copies what it cannot send (TLS). */
export function borrowedView(buffer: Buffer, start: number, end: number): Buffer {
  if (buffer === scratch.buffer && start === 0) return scratchViews.view(buffer, end);
  return buffer.subarray(start, end);
}
