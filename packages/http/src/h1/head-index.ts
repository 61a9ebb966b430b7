/**
 * The index of one message head: numeric ranges into the caller's buffer, reused from message to
 * message, so that a parse allocates nothing. Valid as long as the buffer's bytes are; detach()
 * makes it independent.
 */
import { equalsIgnoreCase, latin1 } from './bytes.ts';

/** How the body ends (RFC 9112 section 6.3). */
export const FRAMING_NONE = 0;
export const FRAMING_LENGTH = 1;
export const FRAMING_CHUNKED = 2;
export const FRAMING_UNTIL_CLOSE = 3;
export type Framing = 0 | 1 | 2 | 3;

/** The line concerns this connection only and must not be forwarded (RFC 9110 section 7.6.1). */
export const FLAG_HOP_BY_HOP = 1;
/** Transfer-Encoding: kept verbatim on HTTP/1.1 (it is exactly `chunked`), dropped for HTTP/2. */
export const FLAG_ENCODING = 2;
/** Host: regenerated when the target carries the authority, `:authority` in HTTP/2. */
export const FLAG_HOST = 4;

/** The arrays' size, whatever the limits say. */
export const MAX_HEADER_COUNT = 128;

export class HeadIndex {
  buffer: Buffer = Buffer.alloc(0);
  /** The head is [start,end), the final empty line included. */
  start = 0;
  end = 0;
  /** Where the header lines begin: after the start line. */
  linesStart = 0;
  count = 0;
  readonly nameStart: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly nameEnd: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly valueStart: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly valueEnd: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly flags: Uint8Array = new Uint8Array(MAX_HEADER_COUNT);
  framing: Framing = FRAMING_NONE;
  /** With FRAMING_LENGTH the body's bytes; else what Content-Length said (HEAD, 304), or -1. */
  contentLength = -1;
  keepAlive = false;
  httpMinor: 0 | 1 = 1;
  /** Upgrade is present and Connection names it; both lines are flagged hop-by-hop all the same. */
  hasUpgrade = false;
  /** `TE: trailers` is present; it is forwarded, with a Connection line of our own. */
  hasTeTrailers = false;
  /** Lines with FLAG_HOP_BY_HOP: none means that the lines can be copied in one run. */
  droppedCount = 0;
  /** The index of the (first) Connection, Transfer-Encoding, Content-Length, Upgrade line, or -1. */
  connectionIndex = -1;
  encodingIndex = -1;
  lengthIndex = -1;
  upgradeIndex = -1;

  /** Forgets the last message; the parsers call it. */
  clear(buffer: Buffer, start: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = start;
    this.count = 0;
    this.framing = FRAMING_NONE;
    this.contentLength = -1;
    this.keepAlive = false;
    this.httpMinor = 1;
    this.hasUpgrade = false;
    this.hasTeTrailers = false;
    this.droppedCount = 0;
    this.connectionIndex = -1;
    this.encodingIndex = -1;
    this.lengthIndex = -1;
    this.upgradeIndex = -1;
  }

  /** Marks a line as not to be forwarded. */
  drop(index: number): void {
    if ((this.flags[index]! & FLAG_HOP_BY_HOP) !== 0) return;
    this.flags[index]! |= FLAG_HOP_BY_HOP;
    this.droppedCount++;
  }

  /** The index of the first header of that name, or -1. */
  find(lowerCaseName: string): number {
    return this.findFrom(lowerCaseName, 0);
  }

  /** The first from `index` on: for fields that may be repeated. */
  findFrom(lowerCaseName: string, index: number): number {
    const length = lowerCaseName.length;
    for (let i = index; i < this.count; i++) {
      const at = this.nameStart[i]!;
      if (this.nameEnd[i]! - at === length && equalsIgnoreCase(this.buffer, at, lowerCaseName)) return i;
    }
    return -1;
  }

  /** As sent. */
  name(index: number): string {
    return latin1(this.buffer, this.nameStart[index], this.nameEnd[index]);
  }

  /** Without surrounding white space; latin1, as the bytes are (RFC 9110 section 5.5). */
  value(index: number): string {
    return latin1(this.buffer, this.valueStart[index], this.valueEnd[index]);
  }

  /** The first value of that name, or null. */
  get(lowerCaseName: string): string | null {
    const index = this.find(lowerCaseName);
    return index < 0 ? null : this.value(index);
  }

  /** Copies the head out of the shared buffer, for a use after the read callback (a retry). */
  detach(): void {
    const copy = Buffer.from(this.buffer.subarray(this.start, this.end));
    this.rebase(copy, -this.start);
  }

  /** The same bytes now lie `shift` further in `buffer`. */
  rebase(buffer: Buffer, shift: number): void {
    this.buffer = buffer;
    this.start += shift;
    this.end += shift;
    this.linesStart += shift;
    for (let i = 0; i < this.count; i++) {
      this.nameStart[i]! += shift;
      this.nameEnd[i]! += shift;
      this.valueStart[i]! += shift;
      this.valueEnd[i]! += shift;
    }
  }
}
