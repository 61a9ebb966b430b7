/**
 * Splits what comes in into frames (RFC 9113 section 4.1), at whatever bytes the reads are cut. The payload
 * of DATA is passed on as it comes; other frames are handed over whole, in place where they lie whole in the
 * read buffer. Payload that the sink has no use for is skipped.
 */
import { FRAME_DATA, FRAME_HEADER_BYTES } from './frame-types.ts';

/** What becomes of a frame, decided by its header. */
export const TAKE_FRAME = 0;
export const SKIP_FRAME = 1;

export interface FrameSink {
  /** The header is read; the sink has ended the connection itself where it does not accept it. */
  onFrameHeader(
    type: number,
    flags: number,
    streamId: number,
    length: number,
  ): typeof TAKE_FRAME | typeof SKIP_FRAME;
  /** Payload [start,end) of a taken DATA frame, padding included; once with no bytes for an empty frame. */
  onDataPayload(buffer: Buffer, start: number, end: number, isFrameEnd: boolean): void;
  /** Whole payload of another taken frame. */
  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void;
}

/** Kept between frames; a longer stash is given back, so that an idle connection costs little. */
const KEPT_STASH_BYTES = 512;
const NO_STASH: Buffer = Buffer.alloc(0);

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  /** Of the header, while it is incomplete. */
  #headerBytes = 0;
  #isInPayload = false;
  #isSkipped = false;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Of the payload. */
  #missing = 0;
  #stash: Buffer = NO_STASH;
  #stashed = 0;
  #isStopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Nothing more is read; safe inside any call of the sink. */
  stop(): void {
    this.#isStopped = true;
    this.#stash = NO_STASH;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#isStopped) {
      if (!this.#isInPayload) {
        at = this.#readHeader(buffer, at, end);
        // An empty payload is complete, whether more bytes follow or not.
        if (!this.#isInPayload || this.#missing > 0 || this.#isStopped) continue;
      }
      at = this.#readPayload(buffer, at, end);
    }
  }

  #readHeader(buffer: Buffer, start: number, end: number): number {
    if (this.#headerBytes === 0 && end - start >= FRAME_HEADER_BYTES) {
      this.#beginFrame(buffer, start);
      return start + FRAME_HEADER_BYTES;
    }
    let at = start;
    while (at < end && this.#headerBytes < FRAME_HEADER_BYTES)
      this.#header[this.#headerBytes++] = buffer[at++]!;
    if (this.#headerBytes === FRAME_HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#beginFrame(this.#header, 0);
    }
    return at;
  }

  #beginFrame(b: Uint8Array, at: number): void {
    const length = (b[at]! << 16) | (b[at + 1]! << 8) | b[at + 2]!;
    this.#type = b[at + 3]!;
    this.#flags = b[at + 4]!;
    // The reserved bit is ignored (RFC 9113 section 4.1).
    this.#streamId = ((b[at + 5]! & 0x7f) << 24) | (b[at + 6]! << 16) | (b[at + 7]! << 8) | b[at + 8]!;
    this.#missing = length;
    this.#stashed = 0;
    this.#isInPayload = true;
    this.#isSkipped =
      this.#sink.onFrameHeader(this.#type, this.#flags, this.#streamId, length) === SKIP_FRAME;
  }

  #readPayload(buffer: Buffer, start: number, end: number): number {
    const taken = Math.min(this.#missing, end - start);
    const at = start + taken;
    this.#missing -= taken;
    const isEnd = this.#missing === 0;
    if (isEnd) this.#isInPayload = false;
    if (this.#isSkipped) return at;
    if (this.#type === FRAME_DATA) {
      this.#sink.onDataPayload(buffer, start, at, isEnd);
    } else if (isEnd && this.#stashed === 0) {
      this.#sink.onFrame(this.#type, this.#flags, this.#streamId, buffer, start, at);
    } else {
      this.#stashPart(buffer, start, at);
      if (isEnd) this.#endStashed();
    }
    return at;
  }

  /** Grows with what has come, not with what the header announced. */
  #stashPart(buffer: Buffer, start: number, end: number): void {
    const needed = this.#stashed + end - start;
    if (needed > this.#stash.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(64, Math.min(2 * needed, needed + this.#missing)));
      this.#stash.copy(larger, 0, 0, this.#stashed);
      this.#stash = larger;
    }
    buffer.copy(this.#stash, this.#stashed, start, end);
    this.#stashed = needed;
  }

  #endStashed(): void {
    const stash = this.#stash;
    if (stash.length > KEPT_STASH_BYTES) this.#stash = NO_STASH;
    this.#sink.onFrame(this.#type, this.#flags, this.#streamId, stash, 0, this.#stashed);
  }
}
