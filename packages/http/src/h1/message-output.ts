/**
 * Messages onto an HTTP/1.1 connection, requests or responses: heads, and bodies in whichever framing the
 * head has announced (RFC 9112 section 6). What is small gathers in the outbox; a large run with nothing
 * before it goes from the reader's buffer straight to the transport.
 */
import { copyBytes } from '../message/bytes.ts';
import { type FieldSection, FLAG_HOP_BY_HOP } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { flushOutbox, gatherAt, gathered, gatheredBytes, type OutboxOwner } from '../transport/outbox.ts';
import { SCRATCH_BYTES, scratch, type Transport } from '../transport/transport.ts';
import { CHUNK_END, LAST_CHUNK, MAX_CHUNK_HEADER_BYTES, writeChunkHeader } from './write-chunk.ts';
import { NO_ROOM, writeRequestHead, writeResponseHead } from './write-head.ts';

/** The message has no body: what is sent of one is dropped (HEAD, RFC 9110 section 9.3.2). */
export const OUT_NONE = 0;
export const OUT_LENGTH = 1;
export const OUT_CHUNKED = 2;
/** Until the connection ends: to a client of HTTP/1.0, or a tunnel. */
export const OUT_RAW = 3;
export type OutputFraming = 0 | 1 | 2 | 3;

/** From here on a copy into the scratch costs more than a write of its own: transport reads as much in bulk. */
const DIRECT_BYTES = 16 * 1024;
/** Beside the head itself: what write-head.ts may add. */
const HEAD_MARGIN_BYTES = 256;
const CHUNK_FRAME_BYTES = MAX_CHUNK_HEADER_BYTES + CHUNK_END.length + LAST_CHUNK.length;
const MAX_CHUNK_BYTES = SCRATCH_BYTES - CHUNK_FRAME_BYTES;
const TRAILERS_BEGIN = Buffer.from('0\r\n');

/** The connection that the output belongs to. */
export interface OutputListener {
  /** The transport has not taken all; onDrain follows. */
  onOutputFull(): void;
}

export class MessageOutput implements OutboxOwner {
  transport!: Transport;
  /** Until the transport's onDrain. */
  isFull = false;
  /** The sender was told to wait, and is owed an onDrain. */
  owesDrain = false;
  /** More or fewer bytes came than the head has announced: the peer must not take them for a message. */
  isBroken = false;
  #framing: OutputFraming = OUT_NONE;
  #remaining = 0;
  readonly #listener: OutputListener;

  constructor(listener: OutputListener) {
    this.#listener = listener;
  }

  onFull(): void {
    this.isFull = true;
    this.#listener.onOutputFull();
  }

  /** False: it does not fit. `own` are whole lines. */
  requestHead(
    head: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    own: Buffer | null,
  ): boolean {
    this.flush();
    const at = gatherAt(this, headBytes(head.end - head.start, extra, own));
    const end = writeRequestHead(scratch.buffer, at, head, edits, null, 0);
    return this.#finishHead(end, extra, own);
  }

  responseHead(
    head: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    own: Buffer | null,
  ): boolean {
    const at = gatherAt(this, headBytes(head.end - head.start, extra, own));
    let end = writeResponseHead(scratch.buffer, at, head, edits, null, 0);
    if (end === NO_ROOM && at > 0) {
      flushOutbox();
      end = writeResponseHead(scratch.buffer, 0, head, edits, null, 0);
    }
    return this.#finishHead(end, extra, own);
  }

  /** The body of the head that was written last. */
  begin(framing: OutputFraming, length: number): void {
    this.#framing = framing;
    this.#remaining = length;
    this.isBroken = false;
  }

  /** False: wait for onDrain; the sender is owed one where more is to come. */
  body(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    switch (this.#framing) {
      case OUT_NONE:
        break;
      case OUT_CHUNKED:
        this.#chunk(buffer, start, end, isEnd);
        break;
      case OUT_LENGTH:
        this.#remaining -= end - start;
        this.isBroken = this.#remaining < 0 || (isEnd && this.#remaining > 0);
        if (!this.isBroken) this.#put(buffer, start, end);
        break;
      default:
        this.#put(buffer, start, end);
    }
    this.owesDrain = this.isFull && !isEnd;
    return !this.isFull;
  }

  /** Ends the body; only chunked ones have trailers (RFC 9112 section 7.1.2). */
  trailers(section: FieldSection): void {
    this.owesDrain = false;
    const length = section.linesEnd - section.linesStart;
    if (this.#framing !== OUT_CHUNKED || length > MAX_CHUNK_BYTES) {
      this.body(section.buffer, 0, 0, true);
      return;
    }
    const at = gatherAt(this, length + CHUNK_FRAME_BYTES);
    const out = scratch.buffer;
    let o = copyBytes(out, at, TRAILERS_BEGIN, 0, TRAILERS_BEGIN.length);
    for (let i = 0; i < section.count; i++) {
      if ((section.flags[i]! & FLAG_HOP_BY_HOP) !== 0) continue;
      o = copyBytes(out, o, section.buffer, section.nameStart[i]!, section.lineEnd(i));
    }
    gathered(this, copyBytes(out, o, CHUNK_END, 0, CHUNK_END.length));
  }

  /** What has gathered leaves now. */
  flush(): void {
    if (gatheredBytes(this) > 0) flushOutbox();
  }

  /** `end` is behind the head's final CRLF, which moves behind what is added. */
  #finishHead(end: number, extra: FieldSection | null, own: Buffer | null): boolean {
    if (end === NO_ROOM) return false;
    if (extra === null && own === null) {
      gathered(this, end);
      return true;
    }
    const out = scratch.buffer;
    if (end + linesBytes(extra, own) > out.length) return false;
    let o = end - CHUNK_END.length;
    if (extra !== null) o = copyBytes(out, o, extra.buffer, extra.linesStart, extra.linesEnd);
    if (own !== null) o = copyBytes(out, o, own, 0, own.length);
    gathered(this, copyBytes(out, o, CHUNK_END, 0, CHUNK_END.length));
    return true;
  }

  #put(buffer: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    const before = gatheredBytes(this);
    const isDirect = length >= DIRECT_BYTES && (before === 0 || before + length > SCRATCH_BYTES);
    if (isDirect) {
      if (before > 0) flushOutbox();
      if (!this.transport.write(buffer, start, end)) this.onFull();
      return;
    }
    const at = gatherAt(this, length);
    gathered(this, copyBytes(scratch.buffer, at, buffer, start, end));
  }

  /** A run becomes one chunk, or several where it is larger than the scratch (RFC 9112 section 7.1). */
  #chunk(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    let from = start;
    do {
      const stop = Math.min(end, from + MAX_CHUNK_BYTES);
      let o = gatherAt(this, stop - from + CHUNK_FRAME_BYTES);
      const out = scratch.buffer;
      if (stop > from) {
        o = writeChunkHeader(out, o, stop - from);
        o = copyBytes(out, o, buffer, from, stop);
        o = copyBytes(out, o, CHUNK_END, 0, CHUNK_END.length);
      }
      if (isEnd && stop === end) o = copyBytes(out, o, LAST_CHUNK, 0, LAST_CHUNK.length);
      if (o > 0) gathered(this, o);
      from = stop;
    } while (from < end);
  }
}

function headBytes(length: number, extra: FieldSection | null, own: Buffer | null): number {
  return Math.min(length + HEAD_MARGIN_BYTES + linesBytes(extra, own), SCRATCH_BYTES);
}

function linesBytes(extra: FieldSection | null, own: Buffer | null): number {
  return (extra === null ? 0 : extra.linesEnd - extra.linesStart) + (own === null ? 0 : own.length);
}
