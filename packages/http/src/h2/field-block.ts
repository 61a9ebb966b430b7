/** A field block that comes in HEADERS and CONTINUATION (RFC 9113 section 4.3), put together within bounds. */
import type { H2Limits, LimitName } from '../exchange/limits.ts';

const NO_BYTES: Buffer = Buffer.alloc(0);

export class FieldBlock {
  /** The stream whose CONTINUATION must come next, or 0. */
  streamId = 0;
  isEndStream = false;
  bytes: Buffer = NO_BYTES;
  length = 0;
  startedMs = 0;
  #continuations = 0;

  begin(streamId: number, isEndStream: boolean, nowMs: number): void {
    this.streamId = streamId;
    this.isEndStream = isEndStream;
    this.length = 0;
    this.startedMs = nowMs;
    this.#continuations = 0;
  }

  /** Null, or the limit that it exceeds. */
  append(buffer: Buffer, start: number, end: number, limits: H2Limits): LimitName | null {
    const needed = this.length + end - start;
    if (needed > limits.maxFieldBlockBytes) return 'field_block';
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(2 * needed, limits.maxFieldBlockBytes));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    buffer.copy(this.bytes, this.length, start, end);
    this.length = needed;
    return null;
  }

  /** Another CONTINUATION. Null, or the limit that it exceeds. */
  continue(buffer: Buffer, start: number, end: number, limits: H2Limits): LimitName | null {
    if (++this.#continuations > limits.maxContinuations) return 'continuations';
    return this.append(buffer, start, end, limits);
  }

  /** Complete: gives the bytes, which are then the caller's. */
  take(): Buffer {
    const taken = this.bytes;
    this.streamId = 0;
    this.bytes = NO_BYTES;
    return taken;
  }
}
