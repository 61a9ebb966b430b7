import { type BodyReader, copyBytes, type RequestHead, scratch, writeRequestHead } from '@tulle/http';
import type { RequestIds } from './request-id.ts';
import type { RequestText } from './request-text.ts';

/**
 * Writes head and the beginning of the body into the scratch, where they are sent from in one write.
 * `consumed` is the offset after what was taken of [at,end). Gives the length, or NO_ROOM.
 */
export class RequestEncoder {
  consumed = 0;
  #isIdOurs = false;
  readonly #ids: RequestIds;

  constructor(ids: RequestIds) {
    this.#ids = ids;
  }

  encode(head: RequestHead, body: BodyReader, buffer: Buffer, at: number, end: number): number {
    dropReserved(head);
    this.#isIdOurs = head.find(REQUEST_ID) < 0;
    if (this.#isIdOurs) this.#ids.next();
    const line = this.#isIdOurs ? this.#ids.line : null;
    const out = scratch.buffer;
    this.consumed = at;
    let o = writeRequestHead(out, 0, head, null, line, line === null ? 0 : line.length);
    if (o < 0 || body.done || at >= end) return o;
    const stop = Math.min(end, at + out.length - o);
    const after = body.scan(buffer, at, stop);
    if (body.errorCode !== 0) return o;
    o = copyBytes(out, o, buffer, at, after);
    this.consumed = after;
    return o;
  }

  /** The id that was made for the request encoded last, where one was. */
  captureOwnId(text: RequestText): void {
    if (this.#isIdOurs) this.#ids.capture(text);
  }
}

const REQUEST_ID = 'x-request-id';

/** What only a sidecar may say: an application that says it is not believed. */
const RESERVED = 'x-tulle-';

function dropReserved(head: RequestHead): void {
  const { buffer, nameStart, nameEnd, count } = head;
  for (let i = 0; i < count; i++) {
    const at = nameStart[i]!;
    // x-t, in either case, before a string is made.
    const isCandidate =
      nameEnd[i]! - at > RESERVED.length &&
      (buffer[at]! | 32) === 120 &&
      buffer[at + 1] === 45 &&
      (buffer[at + 2]! | 32) === 116;
    if (isCandidate && head.name(i).toLowerCase().startsWith(RESERVED)) head.drop(i);
  }
}

/**
 * RFC 9110 section 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS, TRACE. Sent again, these have the same
 * effect, so that a request may be that met a pooled connection which was closing.
 */
export function isIdempotent(head: RequestHead): boolean {
  const { buffer, methodStart: at, methodEnd } = head;
  // GET needs no string.
  if (methodEnd - at === 3 && buffer[at] === 71 && buffer[at + 1] === 69 && buffer[at + 2] === 84)
    return true;
  return idempotent.has(head.method());
}

const idempotent = new Set(['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
