/**
 * Frames on their way out: appended to a block of the connection, which leaves once a loop turn, or when it
 * is full. Nothing is allocated for a frame, and payload is copied once.
 */
import { copyBytes } from '../message/bytes.ts';
import type { Transport } from '../transport/transport.ts';
import { returnWriteBlock, takeWriteBlock } from '../transport/write-blocks.ts';
import {
  FLAG_ACK,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME_CONTINUATION,
  FRAME_DATA,
  FRAME_GOAWAY,
  FRAME_HEADER_BYTES,
  FRAME_HEADERS,
  FRAME_PING,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
  FRAME_WINDOW_UPDATE,
} from './frame-types.ts';
import { flushAtTurnEnd, type TurnOutput } from './output-turns.ts';
import type { SendQueue } from './send-queue.ts';

const MAX_REASON_BYTES = 128;

export class FrameWriter implements TurnOutput {
  /** Null before the dialer has it: what is gathered waits. */
  transport: Transport | null = null;
  /** The transport asked to wait for its drain: DATA waits, other frames do not. */
  isBlocked = false;
  /** Of control frames, since the transport asked to wait. */
  blockedControlBytes = 0;
  /** Where the next frame begins in the block. */
  length = 0;
  #block: Buffer | null = null;
  #isListed = false;
  /** The last frame, where END_STREAM may still be set on it; or -1. */
  #openFrameAt = -1;
  #openFrameStream = 0;

  /** The block, with room for `bytes` from `length` on. */
  reserve(bytes: number): Buffer {
    const block = this.#block;
    if (block !== null) {
      if (block.length - this.length >= bytes) return block;
      this.flush();
    }
    if (!this.#isListed) {
      this.#isListed = true;
      flushAtTurnEnd(this);
    }
    this.#block ??= takeWriteBlock();
    return this.#block;
  }

  /** The transport has the block from here on. */
  flush(): void {
    const block = this.#block;
    if (block === null || this.transport === null) return;
    const length = this.length;
    this.length = 0;
    this.#openFrameAt = -1;
    this.#block = null;
    if (length === 0) returnWriteBlock(block);
    else if (!this.transport.writeBlock(block, 0, length)) this.isBlocked = true;
  }

  flushTurn(): void {
    this.#isListed = false;
    this.flush();
    if (this.#block === null) return;
    this.#isListed = true;
    flushAtTurnEnd(this);
  }

  drained(): void {
    this.isBlocked = false;
    this.blockedControlBytes = 0;
  }

  /** Bytes that are not with the kernel yet. */
  get pendingBytes(): number {
    return this.length + (this.transport?.queuedBytes ?? 0);
  }

  /** Nothing is written any more: what is gathered is dropped. */
  discard(): void {
    this.length = 0;
    this.#openFrameAt = -1;
    if (this.#block !== null) returnWriteBlock(this.#block);
    this.#block = null;
  }

  data(streamId: number, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    const block = this.reserve(FRAME_HEADER_BYTES + end - start);
    this.#open(streamId);
    this.#header(block, end - start, FRAME_DATA, isEnd ? FLAG_END_STREAM : 0, streamId);
    this.length = copyBytes(block, this.length, buffer, start, end);
  }

  queuedData(streamId: number, queue: SendQueue, bytes: number, isEnd: boolean): void {
    const block = this.reserve(FRAME_HEADER_BYTES + bytes);
    this.#open(streamId);
    this.#header(block, bytes, FRAME_DATA, isEnd ? FLAG_END_STREAM : 0, streamId);
    queue.moveTo(block, this.length, bytes);
    this.length += bytes;
  }

  /** Sets END_STREAM on the last frame, if it is this stream's and has not left. */
  endOpenFrame(streamId: number): boolean {
    if (this.#openFrameAt < 0 || this.#openFrameStream !== streamId) return false;
    this.#block![this.#openFrameAt + 4]! |= FLAG_END_STREAM;
    this.#openFrameAt = -1;
    return true;
  }

  /** The field block lies at [length + FRAME_HEADER_BYTES, end) of the block. */
  headers(streamId: number, end: number, isEnd: boolean, maxFrameBytes: number): void {
    const block = this.#block!;
    const bytes = end - this.length - FRAME_HEADER_BYTES;
    const flags = isEnd ? FLAG_END_STREAM : 0;
    if (bytes > maxFrameBytes) {
      this.#splitHeaders(streamId, Buffer.from(block.subarray(end - bytes, end)), flags, maxFrameBytes);
      return;
    }
    this.#open(streamId);
    this.#header(block, bytes, FRAME_HEADERS, flags | FLAG_END_HEADERS, streamId);
    this.length = end;
  }

  windowUpdate(streamId: number, increment: number): void {
    const block = this.#control(4);
    this.#header(block, 4, FRAME_WINDOW_UPDATE, 0, streamId);
    this.#uint32(block, increment);
  }

  resetStream(streamId: number, code: number): void {
    const block = this.#control(4);
    this.#header(block, 4, FRAME_RST_STREAM, 0, streamId);
    this.#uint32(block, code);
  }

  ping(isAck: boolean, buffer: Buffer, start: number): void {
    const block = this.#control(8);
    this.#header(block, 8, FRAME_PING, isAck ? FLAG_ACK : 0, 0);
    this.length = copyBytes(block, this.length, buffer, start, start + 8);
  }

  /** Pairs of identifier and value (RFC 9113 section 6.5.1). */
  settings(pairs: readonly (readonly [identifier: number, value: number])[]): void {
    const block = this.#control(6 * pairs.length);
    this.#header(block, 6 * pairs.length, FRAME_SETTINGS, 0, 0);
    for (const [identifier, value] of pairs) {
      block[this.length++] = identifier >>> 8;
      block[this.length++] = identifier;
      this.#uint32(block, value);
    }
  }

  settingsAck(): void {
    this.#header(this.#control(0), 0, FRAME_SETTINGS, FLAG_ACK, 0);
  }

  goaway(lastStreamId: number, code: number, reason: string): void {
    const text = Buffer.from(reason.slice(0, MAX_REASON_BYTES), 'latin1');
    const block = this.#control(8 + text.length);
    this.#header(block, 8 + text.length, FRAME_GOAWAY, 0, 0);
    this.#uint32(block, lastStreamId);
    this.#uint32(block, code);
    this.length = copyBytes(block, this.length, text, 0, text.length);
  }

  /** Bytes that are no frame: the client's preface. */
  raw(bytes: Buffer): void {
    const block = this.reserve(bytes.length);
    this.length = copyBytes(block, this.length, bytes, 0, bytes.length);
  }

  #control(payloadBytes: number): Buffer {
    const bytes = FRAME_HEADER_BYTES + payloadBytes;
    if (this.isBlocked) this.blockedControlBytes += bytes;
    const block = this.reserve(bytes);
    this.#openFrameAt = -1;
    return block;
  }

  #open(streamId: number): void {
    this.#openFrameAt = this.length;
    this.#openFrameStream = streamId;
  }

  #splitHeaders(streamId: number, fields: Buffer, flags: number, maxFrameBytes: number): void {
    for (let at = 0; at < fields.length; at += maxFrameBytes) {
      const end = Math.min(fields.length, at + maxFrameBytes);
      const block = this.reserve(FRAME_HEADER_BYTES + end - at);
      const endFlag = end === fields.length ? FLAG_END_HEADERS : 0;
      if (at === 0) this.#header(block, end - at, FRAME_HEADERS, flags | endFlag, streamId);
      else this.#header(block, end - at, FRAME_CONTINUATION, endFlag, streamId);
      this.length = copyBytes(block, this.length, fields, at, end);
    }
    this.#openFrameAt = -1;
  }

  #header(block: Buffer, length: number, type: number, flags: number, streamId: number): void {
    const o = this.length;
    block[o] = length >>> 16;
    block[o + 1] = length >>> 8;
    block[o + 2] = length;
    block[o + 3] = type;
    block[o + 4] = flags;
    block[o + 5] = streamId >>> 24;
    block[o + 6] = streamId >>> 16;
    block[o + 7] = streamId >>> 8;
    block[o + 8] = streamId;
    this.length = o + FRAME_HEADER_BYTES;
  }

  #uint32(block: Buffer, value: number): void {
    const o = this.length;
    block[o] = value >>> 24;
    block[o + 1] = value >>> 16;
    block[o + 2] = value >>> 8;
    block[o + 3] = value;
    this.length = o + 4;
  }
}
