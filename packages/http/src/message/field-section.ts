/**
 * A run of fields (header lines, trailers, fields of our own) as numeric ranges into a buffer, reused
 * from message to message, so that neither reading nor writing allocates. The bytes are HTTP/1.1 text,
 * `name: value` CRLF, whichever version they came in: a section that nothing touches is forwarded to
 * HTTP/1.1 by copying runs, and to HTTP/2 by encoding the ranges. Measured in
 * benchmarks/micro/head-forms.ts.
 */
import { equalsIgnoreCase, latin1 } from './bytes.ts';

/** The line concerns this connection only and must not be forwarded (RFC 9110 section 7.6.1). */
export const FLAG_HOP_BY_HOP = 1;
/** Transfer-Encoding: kept verbatim on HTTP/1.1 (it is exactly `chunked`), dropped for HTTP/2. */
export const FLAG_ENCODING = 2;
/** Host: regenerated when the target carries the authority, `:authority` in HTTP/2. */
export const FLAG_HOST = 4;
/** Came as never-indexed (RFC 7541 section 7.1.3), and leaves so. */
export const FLAG_SENSITIVE = 8;

/** The arrays' size, whatever the limits say. */
export const MAX_HEADER_COUNT = 128;

export class FieldSection {
  buffer: Buffer = Buffer.alloc(0);
  /** The whole section, in a head with its start line and the final empty line: [start,end). */
  start = 0;
  end = 0;
  /** Where the lines begin. */
  linesStart = 0;
  /** Where the lines end: before the final empty line. */
  linesEnd = 0;
  count = 0;
  readonly nameStart: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly nameEnd: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly valueStart: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly valueEnd: Int32Array = new Int32Array(MAX_HEADER_COUNT);
  readonly flags: Uint8Array = new Uint8Array(MAX_HEADER_COUNT);
  /** Lines with FLAG_HOP_BY_HOP: none means that the lines can be copied in one run. */
  droppedCount = 0;

  /** Forgets the last message; the parsers call it. */
  clear(buffer: Buffer, start: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = start;
    this.linesStart = start;
    this.linesEnd = start;
    this.count = 0;
    this.droppedCount = 0;
  }

  /** Marks a line as not to be forwarded. */
  drop(index: number): void {
    if ((this.flags[index]! & FLAG_HOP_BY_HOP) !== 0) return;
    this.flags[index]! |= FLAG_HOP_BY_HOP;
    this.droppedCount++;
  }

  /** Where the line after `index` begins. */
  lineEnd(index: number): number {
    return index + 1 < this.count ? this.nameStart[index + 1]! : this.linesEnd;
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

  /** Copies the section out of a shared buffer, for a use after the call that gave it (a retry). */
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
    this.linesEnd += shift;
    for (let i = 0; i < this.count; i++) {
      this.nameStart[i]! += shift;
      this.nameEnd[i]! += shift;
      this.valueStart[i]! += shift;
      this.valueEnd[i]! += shift;
    }
  }

  /** Becomes a copy of `from`, bytes included, in memory of its own that is kept from copy to copy. */
  copyFrom(from: FieldSection): void {
    const length = from.end - from.start;
    if (this.buffer.length < length) this.buffer = Buffer.allocUnsafeSlow(Math.ceil(length / 512) * 512);
    from.buffer.copy(this.buffer, 0, from.start, from.end);
    const shift = -from.start;
    this.start = 0;
    this.end = length;
    this.linesStart = from.linesStart + shift;
    this.linesEnd = from.linesEnd + shift;
    this.count = from.count;
    this.droppedCount = from.droppedCount;
    for (let i = 0; i < from.count; i++) {
      this.nameStart[i] = from.nameStart[i]! + shift;
      this.nameEnd[i] = from.nameEnd[i]! + shift;
      this.valueStart[i] = from.valueStart[i]! + shift;
      this.valueEnd[i] = from.valueEnd[i]! + shift;
      this.flags[i] = from.flags[i]!;
    }
  }
}
