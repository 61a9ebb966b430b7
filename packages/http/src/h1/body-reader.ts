/**
 * Finds where a body ends, in one pass, over whatever slices arrive (RFC 9112 sections 6 and 7).
 * A proxy can pass the scanned bytes through verbatim, or take the payload alone from scanData().
 *
 * Stated answers: a chunk size is 1 to 13 hexadecimal digits directly followed by CRLF or ';' (no
 * white space); extensions are skipped, hold no control bytes, at most 1 KiB each and 16 KiB beyond
 * the data that they frame; trailers are validated like headers, 8 KiB in all, and may not name a
 * field that frames, routes or concerns the connection (RFC 9110 section 6.5.1), since bytes passed
 * on verbatim cannot be dropped.
 */
import { FIELD_VALUE, LOWER, TOKEN } from '../message/bytes.ts';
import { FORBIDDEN_TRAILERS, LONGEST_FORBIDDEN } from '../message/forbidden-trailers.ts';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Framing,
} from '../message/head-index.ts';
import {
  H1_BAD_CHUNK_END,
  H1_BAD_CHUNK_SIZE,
  H1_BAD_TRAILER,
  H1_CHUNK_EXTENSION_TOO_LONG,
  H1_FORBIDDEN_TRAILER,
  H1_TRAILERS_TOO_LARGE,
} from './errors.ts';

const MAX_SIZE_DIGITS = 13;
const MAX_EXTENSION_BYTES = 1024;
const MAX_EXCESS_BYTES = 16 * 1024;
const MAX_TRAILER_BYTES = 8 * 1024;
const NOTHING = Buffer.alloc(0);

/** States of the chunk scanner, in the order in which a chunk goes through them. */
const SIZE_FIRST = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const LINE_START = 7;
const NAME = 8;
const VALUE = 9;
const VALUE_LF = 10;
const FINAL_LF = 11;

export class BodyReader {
  /** The whole body has been consumed. */
  done = true;
  /** A key of h1Errors, or 0. An erroneous reader consumes nothing more. */
  errorCode = 0;
  framing: Framing = FRAMING_NONE;
  /** Set before scanning to keep the trailer section's bytes for `trailers`. */
  keepsTrailers = false;
  /** The payload that the last scanData() found, [dataStart,dataEnd) of its buffer. */
  dataStart = 0;
  dataEnd = 0;

  #remaining = 0;
  #state = SIZE_FIRST;
  #digits = 0;
  #extensionBytes = 0;
  #excessBytes = 0;
  #trailerBytes = 0;
  #nameLength = 0;
  /** Made for the first trailer: an idle connection needs none. */
  #name: Buffer = NOTHING;
  #kept: Buffer = NOTHING;
  #keptBytes = 0;

  reset(framing: Framing, contentLength: number): void {
    this.framing = framing;
    this.done = framing === FRAMING_NONE || (framing === FRAMING_LENGTH && contentLength === 0);
    this.errorCode = 0;
    this.#remaining = framing === FRAMING_LENGTH ? contentLength : 0;
    this.#state = SIZE_FIRST;
    this.#digits = 0;
    this.#extensionBytes = 0;
    this.#excessBytes = 0;
    this.#trailerBytes = 0;
    this.#kept = NOTHING;
    this.#keptBytes = 0;
  }

  /** Payload bytes that are known to be missing; with chunks, those of the current chunk. */
  get remaining(): number {
    return this.#remaining;
  }

  /** The body has ended with at least one trailer line. */
  get hasTrailers(): boolean {
    return this.done && this.#trailerBytes > 0;
  }

  /** The kept trailer lines, each with its CRLF, then the final CRLF; empty without trailers. */
  get trailers(): Buffer {
    return this.#kept.subarray(0, this.#keptBytes);
  }

  /** Consumes up to `end`; gives the offset after the body's bytes. Sets done or errorCode. */
  scan(buffer: Buffer, start: number, end: number): number {
    if (this.done || this.errorCode !== 0) return start;
    switch (this.framing) {
      case FRAMING_CHUNKED:
        return this.#scanChunks(buffer, start, end, false);
      case FRAMING_UNTIL_CLOSE:
        return end;
      default:
        return this.#scanLength(start, end);
    }
  }

  /**
   * As scan(), but stops before a second run of payload; the first is given in dataStart and dataEnd
   * (equal when there was none before `end`), and is sound even where errorCode is set behind it. Call
   * again until it gives `end`, or done, or errorCode is set. `done` with a run: it was the last.
   */
  scanData(buffer: Buffer, start: number, end: number): number {
    this.dataStart = start;
    this.dataEnd = start;
    if (this.done || this.errorCode !== 0) return start;
    if (this.framing === FRAMING_CHUNKED) return this.#scanChunks(buffer, start, end, true);
    const after = this.framing === FRAMING_UNTIL_CLOSE ? end : this.#scanLength(start, end);
    this.dataEnd = after;
    return after;
  }

  /** The peer ended its side. True where that is how this body ends; else it is cut short. */
  finish(): boolean {
    if (this.framing === FRAMING_UNTIL_CLOSE && this.errorCode === 0) this.done = true;
    return this.done;
  }

  #scanLength(start: number, end: number): number {
    const bytes = Math.min(end - start, this.#remaining);
    this.#remaining -= bytes;
    this.done = this.#remaining === 0;
    return start + bytes;
  }

  /** Longer than 40 lines: one switch over one byte (benchmarks/micro/http-h1.ts). */
  #scanChunks(buffer: Buffer, start: number, end: number, stopsAtData: boolean): number {
    let state = this.#state;
    let i = start;
    while (i < end) {
      if (state === DATA) {
        if (stopsAtData && this.dataEnd > this.dataStart) break;
        const bytes = Math.min(end - i, this.#remaining);
        this.dataStart = i;
        i += bytes;
        this.dataEnd = i;
        this.#remaining -= bytes;
        if (this.#remaining === 0) state = DATA_CR;
        continue;
      }
      const byte = buffer[i++]!;
      switch (state) {
        case SIZE_FIRST:
        case SIZE:
          state = this.#size(state, byte);
          break;
        case EXTENSION:
          if (byte === 13) state = SIZE_LF;
          else if (FIELD_VALUE[byte] !== 1) return this.#fail(H1_BAD_CHUNK_SIZE, i);
          else if (++this.#extensionBytes > MAX_EXTENSION_BYTES || ++this.#excessBytes > MAX_EXCESS_BYTES) {
            return this.#fail(H1_CHUNK_EXTENSION_TOO_LONG, i);
          }
          break;
        case SIZE_LF:
          if (byte !== 10) return this.#fail(H1_BAD_CHUNK_SIZE, i);
          state = this.#remaining === 0 ? LINE_START : DATA;
          this.#excessBytes = Math.max(0, this.#excessBytes - this.#remaining);
          break;
        case DATA_CR:
          if (byte !== 13) return this.#fail(H1_BAD_CHUNK_END, i);
          state = DATA_LF;
          break;
        case DATA_LF:
          if (byte !== 10) return this.#fail(H1_BAD_CHUNK_END, i);
          state = SIZE_FIRST;
          break;
        default:
          state = this.#trailer(state, byte);
      }
      if (this.errorCode !== 0 || this.done) return i;
    }
    this.#state = state;
    return i;
  }

  #size(state: number, byte: number): number {
    const digit = HEX_DIGIT[byte]!;
    if (digit < 16) {
      if (state === SIZE_FIRST) this.#digits = 0;
      if (++this.#digits > MAX_SIZE_DIGITS) this.errorCode = H1_BAD_CHUNK_SIZE;
      // Not a shift: sizes go beyond 32 bits.
      this.#remaining = this.#remaining * 16 + digit;
      return SIZE;
    }
    if (state === SIZE && byte === 13) return SIZE_LF;
    if (state === SIZE && byte === 59) {
      this.#extensionBytes = 0;
      return EXTENSION;
    }
    this.errorCode = H1_BAD_CHUNK_SIZE;
    return state;
  }

  #trailer(state: number, byte: number): number {
    if (state === FINAL_LF) {
      if (byte === 10) this.done = true;
      else this.errorCode = H1_BAD_TRAILER;
      if (this.#trailerBytes > 0) this.#keep(byte);
      return state;
    }
    const isFinal = state === LINE_START && byte === 13;
    if (!isFinal && ++this.#trailerBytes > MAX_TRAILER_BYTES) this.errorCode = H1_TRAILERS_TOO_LARGE;
    if (this.#trailerBytes > 0) this.#keep(byte);
    switch (state) {
      case LINE_START:
        if (byte === 13) return FINAL_LF;
        this.#nameLength = 0;
        if (this.#name === NOTHING) this.#name = Buffer.allocUnsafe(LONGEST_FORBIDDEN);
        return this.#trailerName(byte);
      case NAME:
        return this.#trailerName(byte);
      case VALUE:
        if (byte === 13) return VALUE_LF;
        if (FIELD_VALUE[byte] !== 1) this.errorCode = H1_BAD_TRAILER;
        return VALUE;
      default:
        if (byte !== 10) this.errorCode = H1_BAD_TRAILER;
        return LINE_START;
    }
  }

  #trailerName(byte: number): number {
    if (TOKEN[byte] === 1) {
      if (this.#nameLength < LONGEST_FORBIDDEN) this.#name[this.#nameLength] = LOWER[byte]!;
      this.#nameLength++;
      return NAME;
    }
    if (byte !== 58 || this.#nameLength === 0) this.errorCode = H1_BAD_TRAILER;
    else if (this.#isForbiddenName()) this.errorCode = H1_FORBIDDEN_TRAILER;
    return VALUE;
  }

  #isForbiddenName(): boolean {
    const length = this.#nameLength;
    return FORBIDDEN_TRAILERS.some(
      (name) => name.length === length && name.compare(this.#name, 0, length) === 0,
    );
  }

  /** Byte by byte: trailers are rare and short. */
  #keep(byte: number): void {
    if (!this.keepsTrailers) return;
    if (this.#keptBytes === this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(256, 2 * this.#kept.length));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    this.#kept[this.#keptBytes++] = byte;
  }

  #fail(code: number, at: number): number {
    this.errorCode = code;
    return at;
  }
}

const HEX_DIGIT = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i++) {
  const digit = i.toString(16);
  HEX_DIGIT[digit.charCodeAt(0)] = i;
  HEX_DIGIT[digit.toUpperCase().charCodeAt(0)] = i;
}
