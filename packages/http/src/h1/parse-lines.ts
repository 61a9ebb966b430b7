/**
 * Header lines, for requests and responses alike (RFC 9112 section 5). Strict: what two parsers
 * might read differently is an error, never repaired.
 */
import { equalsIgnoreCase, FIELD_VALUE, TOKEN } from '../message/bytes.ts';
import { readContentLength } from '../message/content-length.ts';
import { FLAG_ENCODING, FLAG_HOST, MAX_HEADER_COUNT } from '../message/field-section.ts';
import type { HeadIndex } from '../message/head-index.ts';
import { RequestHead } from '../message/request-head.ts';
import {
  H1_BAD_CONTENT_LENGTH,
  H1_BAD_HEADER_NAME,
  H1_BAD_HEADER_VALUE,
  H1_BAD_LINE_END,
  H1_OBS_FOLD,
  H1_PADDED_ENCODING,
  H1_REPEATED_CONTENT_LENGTH,
  H1_REPEATED_ENCODING,
  H1_REPEATED_HOST,
  H1_SPACE_BEFORE_COLON,
  H1_TOO_MANY_HEADERS,
  H1_UNSUPPORTED_ENCODING,
} from './errors.ts';

const CR = 13;
const LF = 10;
const SP = 32;
const HTAB = 9;
const COLON = 58;

/**
 * Indexes the lines from `at` to the empty line. Gives the offset after it, 0 when `stop` came
 * first, or a negated error. Longer than 40 lines: one pass over each byte is what makes it cheap
 * (benchmarks/micro/http-h1.ts).
 */
export function parseLines(head: HeadIndex, at: number, stop: number, maxCount: number): number {
  const buffer = head.buffer;
  const limit = Math.min(maxCount, MAX_HEADER_COUNT);
  let count = 0;
  let i = at;
  for (;;) {
    if (i >= stop) return 0;
    const first = buffer[i]!;
    if (first === CR) {
      if (i + 1 >= stop) return 0;
      if (buffer[i + 1] !== LF) return -H1_BAD_LINE_END;
      head.count = count;
      head.linesEnd = i;
      head.end = i + 2;
      return i + 2;
    }
    const nameStart = i;
    while (i < stop && TOKEN[buffer[i]!] === 1) i++;
    if (i >= stop) return 0;
    if (buffer[i] !== COLON || i === nameStart) return -nameError(buffer[i]!, i === nameStart);
    if (count === limit) return -H1_TOO_MANY_HEADERS;
    const nameEnd = i++;
    while (i < stop && (buffer[i] === SP || buffer[i] === HTAB)) i++;
    const valueStart = i;
    while (i < stop && FIELD_VALUE[buffer[i]!] === 1) i++;
    if (i >= stop) return 0;
    if (buffer[i] !== CR) return buffer[i] === LF ? -H1_BAD_LINE_END : -H1_BAD_HEADER_VALUE;
    if (i + 1 >= stop) return 0;
    if (buffer[i + 1] !== LF) return -H1_BAD_LINE_END;
    let valueEnd = i;
    while (valueEnd > valueStart && (buffer[valueEnd - 1] === SP || buffer[valueEnd - 1] === HTAB))
      valueEnd--;
    head.nameStart[count] = nameStart;
    head.nameEnd[count] = nameEnd;
    head.valueStart[count] = valueStart;
    head.valueEnd[count] = valueEnd;
    head.flags[count] = 0;
    const length = nameEnd - nameStart;
    if (length <= 17) {
      const error = noteLine(head, count, length);
      if (error !== 0) return -error;
    }
    count++;
    i += 2;
  }
}

function nameError(byte: number, isFirst: boolean): number {
  if (byte === SP || byte === HTAB) return isFirst ? H1_OBS_FOLD : H1_SPACE_BEFORE_COLON;
  return byte === LF || byte === CR ? H1_BAD_LINE_END : H1_BAD_HEADER_NAME;
}

/** Takes note of the fields that frame, route or concern the connection; 0 or an error. */
function noteLine(head: HeadIndex, index: number, length: number): number {
  const buffer = head.buffer;
  const at = head.nameStart[index]!;
  switch (length) {
    case 2:
      if (head instanceof RequestHead && equalsIgnoreCase(buffer, at, 'te')) noteTe(head, index);
      return 0;
    case 4:
      return head instanceof RequestHead && equalsIgnoreCase(buffer, at, 'host') ? noteHost(head, index) : 0;
    case 6:
      if (head instanceof RequestHead && equalsIgnoreCase(buffer, at, 'expect')) {
        if (valueIs(head, index, '100-continue')) head.expectContinue = true;
      }
      return 0;
    case 7:
      if (equalsIgnoreCase(buffer, at, 'upgrade')) {
        head.upgradeIndex = index;
        head.drop(index);
      }
      return 0;
    case 10:
      if (equalsIgnoreCase(buffer, at, 'connection')) {
        if (head.connectionIndex < 0) head.connectionIndex = index;
        head.drop(index);
      } else if (equalsIgnoreCase(buffer, at, 'keep-alive')) head.drop(index);
      return 0;
    case 14:
      return equalsIgnoreCase(buffer, at, 'content-length') ? noteLength(head, index) : 0;
    case 16:
      if (equalsIgnoreCase(buffer, at, 'proxy-connection')) head.drop(index);
      return 0;
    case 17:
      return equalsIgnoreCase(buffer, at, 'transfer-encoding') ? noteEncoding(head, index) : 0;
    default:
      return 0;
  }
}

/** RFC 9110 section 10.1.4: TE is for this hop; `trailers` alone we can promise ourselves. */
function noteTe(head: RequestHead, index: number): void {
  if (valueIs(head, index, 'trailers')) head.hasTeTrailers = true;
  else head.drop(index);
}

/** RFC 9112 section 3.2. */
function noteHost(head: RequestHead, index: number): number {
  if (head.hostIndex >= 0) return H1_REPEATED_HOST;
  head.hostIndex = index;
  head.flags[index] = FLAG_HOST;
  return 0;
}

/** RFC 9112 section 6.2: one number, one line; a repetition is refused even where it is equal. */
function noteLength(head: HeadIndex, index: number): number {
  if (head.lengthIndex >= 0) return H1_REPEATED_CONTENT_LENGTH;
  head.lengthIndex = index;
  const value = readContentLength(head.buffer, head.valueStart[index]!, head.valueEnd[index]!);
  if (value < 0) return H1_BAD_CONTENT_LENGTH;
  head.contentLength = value;
  return 0;
}

/** RFC 9112 section 6.1: exactly `chunked`, once. */
function noteEncoding(head: HeadIndex, index: number): number {
  if (head.encodingIndex >= 0) return H1_REPEATED_ENCODING;
  if (!valueIs(head, index, 'chunked')) return H1_UNSUPPORTED_ENCODING;
  if (isPadded(head, index)) return H1_PADDED_ENCODING;
  head.encodingIndex = index;
  head.flags[index] = FLAG_ENCODING;
  return 0;
}

/** More than spaces before the value, or anything behind: legal, yet llhttp refuses it and others have read it as no coding. */
function isPadded(head: HeadIndex, index: number): boolean {
  const { buffer } = head;
  if (buffer[head.valueEnd[index]!] !== CR) return true;
  for (let i = head.nameEnd[index]! + 1; i < head.valueStart[index]!; i++) {
    if (buffer[i] !== SP) return true;
  }
  return false;
}

function valueIs(head: HeadIndex, index: number, lowerCase: string): boolean {
  const start = head.valueStart[index]!;
  return (
    head.valueEnd[index]! - start === lowerCase.length && equalsIgnoreCase(head.buffer, start, lowerCase)
  );
}
