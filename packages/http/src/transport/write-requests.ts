import { type RawBinding, type RawWriteRequest, rawBinding } from './raw-binding.ts';

/**
 * Write requests are reused: making one costs about as much as a small write. One that completed
 * asynchronously must rest until its callback has returned, for node still touches it then (it
 * aborts otherwise): it is free once the next one has completed.
 */
const MAX_FREE = 256;
const free: RawWriteRequest[] = [];
let resting: RawWriteRequest | null = null;
let binding: RawBinding | null = null;

export function takeWriteRequest(): RawWriteRequest {
  binding ??= rawBinding();
  return free.pop() ?? new binding.WriteRequest();
}

/** After a write that was done when the call returned, or failed in it. */
export function freeWriteRequest(request: RawWriteRequest): void {
  request.tulleOwner = null;
  request.handle = null;
  request.buffer = null;
  if (free.length < MAX_FREE) free.push(request);
}

/** From the request's own oncomplete. */
export function retireWriteRequest(request: RawWriteRequest): void {
  if (resting !== null) freeWriteRequest(resting);
  request.tulleOwner = null;
  request.buffer = null;
  resting = request;
}
