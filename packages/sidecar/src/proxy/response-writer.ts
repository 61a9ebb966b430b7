import {
  type BodyReader,
  CHUNK_END,
  copyBytes,
  FRAMING_CHUNKED,
  FRAMING_UNTIL_CLOSE,
  LAST_CHUNK,
  MAX_CHUNK_HEADER_BYTES,
  NO_ROOM,
  type ResponseHead,
  scratch,
  type Transport,
  writeChunkHeader,
  writeResponseHead,
} from '@tulle/http';
import type { ResponseBytes } from './upstream-connection.ts';

/** How the body goes to the client (RFC 9112 section 6.3). */
const VERBATIM = 0;
/** The upstream ends its body by closing; a 1.1 client gets chunks, so that an abort shows. */
const AS_CHUNKS = 1;
/** A 1.0 client knows no chunks: it gets the payload, and a close at the end. */
const AS_PAYLOAD = 2;

const CLOSE = 'connection: close\r\n';
const KEEP_ALIVE = 'connection: keep-alive\r\n';
const CHUNKED = 'transfer-encoding: chunked\r\n';
const closeLine = Buffer.from(CLOSE);
const keepAliveLine = Buffer.from(KEEP_ALIVE);
const chunkedLine = Buffer.from(CHUNKED);
const chunkedCloseLines = Buffer.from(CHUNKED + CLOSE);

export interface ClientTerms {
  readonly isHttp10: boolean;
  /** No further request will be read from this client. */
  closes: boolean;
}

/** Writes one response to a client, in the framing that the client understands. */
export class ResponseWriter {
  /** The last write asked to wait for a drain. */
  isFull = false;
  #mode = VERBATIM;

  /** The head and what of the body follows it go out in one write. NO_ROOM: the head is too large. */
  open(
    transport: Transport,
    head: ResponseHead,
    body: BodyReader,
    from: ResponseBytes,
    terms: ClientTerms,
  ): number {
    this.#mode = VERBATIM;
    if (head.framing === FRAMING_UNTIL_CLOSE) {
      if (terms.isHttp10) terms.closes = true;
      else this.#mode = AS_CHUNKS;
    } else if (head.framing === FRAMING_CHUNKED && terms.isHttp10) {
      this.#mode = AS_PAYLOAD;
      head.drop(head.encodingIndex);
      terms.closes = true;
    }
    const lines = this.#lines(terms);
    const out = scratch.buffer;
    const bodyStart = writeResponseHead(out, 0, head, null, lines, lines === null ? 0 : lines.length);
    if (bodyStart === NO_ROOM) return NO_ROOM;
    const before = from.at;
    const end = from.at < from.end && !body.done ? this.#encode(bodyStart, body, from) : bodyStart;
    if (body.errorCode !== 0) return before;
    this.isFull = !transport.write(out, 0, end);
    return from.at;
  }

  /** Writes as much of [at,end) as is body; gives the offset after it. */
  more(transport: Transport, body: BodyReader, from: ResponseBytes): number {
    if (this.#mode === VERBATIM) {
      const after = body.scan(from.buffer, from.at, from.end);
      if (body.errorCode === 0) this.isFull = !transport.write(from.buffer, from.at, after);
      return after;
    }
    const end = this.#encode(0, body, from);
    if (body.errorCode === 0 && end > 0) this.isFull = !transport.write(scratch.buffer, 0, end);
    return from.at;
  }

  /** After a body that the upstream ended by closing. */
  finish(transport: Transport): void {
    if (this.#mode === AS_CHUNKS) this.isFull = !transport.write(LAST_CHUNK, 0, LAST_CHUNK.length);
    this.#mode = VERBATIM;
  }

  /** Encodes from `from` into the scratch at `offset`, as far as there is room; moves `from.at`. */
  #encode(offset: number, body: BodyReader, from: ResponseBytes): number {
    const out = scratch.buffer;
    const room = out.length - offset - MAX_CHUNK_HEADER_BYTES - CHUNK_END.length;
    if (room <= 0) return offset;
    const stop = Math.min(from.end, from.at + room);
    let o = offset;
    if (this.#mode === AS_PAYLOAD) {
      while (from.at < stop && !body.done && body.errorCode === 0) {
        from.at = body.scanData(from.buffer, from.at, stop);
        o = copyBytes(out, o, from.buffer, body.dataStart, body.dataEnd);
      }
      return o;
    }
    const after = body.scan(from.buffer, from.at, stop);
    const isChunk = this.#mode === AS_CHUNKS && after > from.at;
    if (isChunk) o = writeChunkHeader(out, o, after - from.at);
    o = copyBytes(out, o, from.buffer, from.at, after);
    if (isChunk) o = copyBytes(out, o, CHUNK_END, 0, CHUNK_END.length);
    from.at = after;
    return o;
  }

  #lines(terms: ClientTerms): Buffer | null {
    if (this.#mode === AS_CHUNKS) return terms.closes ? chunkedCloseLines : chunkedLine;
    if (terms.closes) return closeLine;
    return terms.isHttp10 ? keepAliveLine : null;
  }
}
