/** Response heads: RFC 9112 sections 4 and 6.3. */
import { FIELD_VALUE } from '../message/bytes.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE } from '../message/head-index.ts';
import type { ResponseHead } from '../message/response-head.ts';
import {
  OPTION_CLOSE,
  OPTION_KEEP_ALIVE,
  OPTION_UPGRADE,
  readConnectionOptions,
} from './connection-options.ts';
import {
  H1_BAD_HEADER_VALUE,
  H1_BAD_LINE_END,
  H1_BAD_STATUS,
  H1_ENCODING_IN_1_0,
  H1_HEAD_TOO_LARGE,
  H1_LENGTH_AND_ENCODING,
} from './errors.ts';
import { readVersion, VERSION_BYTES } from './http-version.ts';
import type { H1Limits } from './limits.ts';
import { parseLines } from './parse-lines.ts';

/**
 * Parses the head at [start,end) into `head`. Gives the offset after it, 0 for NEED_MORE, or a
 * negated key of h1Errors. Interim responses (status < 200) are heads of their own without a body;
 * after 101 the bytes are no longer HTTP.
 */
export function parseResponseHead(
  head: ResponseHead,
  buffer: Buffer,
  start: number,
  end: number,
  limits: H1Limits,
  requestWasHead: boolean,
  requestWasConnect = false,
): number {
  const isBounded = end - start >= limits.maxHeadBytes;
  const stop = isBounded ? start + limits.maxHeadBytes : end;
  head.clear(buffer, start);
  const linesStart = parseStatusLine(head, start, stop);
  const after = linesStart > 0 ? parseLines(head, linesStart, stop, limits.maxHeaderCount) : linesStart;
  if (after <= 0) return after === 0 && isBounded ? -H1_HEAD_TOO_LARGE : after;
  const error = settleResponse(head, requestWasHead, requestWasConnect);
  return error === 0 ? after : -error;
}

/** The space before an empty reason may be missing: servers omit it, and nobody reads it otherwise. */
function parseStatusLine(head: ResponseHead, start: number, stop: number): number {
  const buffer = head.buffer;
  let i = start;
  if (i + VERSION_BYTES + 5 > stop) return 0;
  const minor = readVersion(buffer, i);
  if (minor < 0) return minor;
  head.httpMinor = minor === 0 ? 0 : 1;
  i += VERSION_BYTES;
  const hundreds = buffer[i + 1]! - 48;
  const tens = buffer[i + 2]! - 48;
  const ones = buffer[i + 3]! - 48;
  if (buffer[i] !== 32 || hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) {
    return -H1_BAD_STATUS;
  }
  head.status = hundreds * 100 + tens * 10 + ones;
  i += 4;
  if (buffer[i] === 32) i++;
  else if (buffer[i] !== 13) return -H1_BAD_STATUS;
  head.reasonStart = i;
  while (i < stop && FIELD_VALUE[buffer[i]!] === 1) i++;
  if (i >= stop) return 0;
  head.reasonEnd = i;
  if (buffer[i] !== 13) return buffer[i] === 10 ? -H1_BAD_LINE_END : -H1_BAD_HEADER_VALUE;
  if (i + 1 >= stop) return 0;
  if (buffer[i + 1] !== 10) return -H1_BAD_LINE_END;
  head.linesStart = i + 2;
  return i + 2;
}

function settleResponse(head: ResponseHead, requestWasHead: boolean, requestWasConnect: boolean): number {
  const isChunked = head.encodingIndex >= 0;
  const hasLength = head.lengthIndex >= 0;
  if (isChunked && hasLength) return H1_LENGTH_AND_ENCODING;
  if (isChunked && head.httpMinor === 0) return H1_ENCODING_IN_1_0;
  const status = head.status;
  const isTunnel = requestWasConnect && status >= 200 && status < 300;
  if (status < 200 || status === 204 || isTunnel) {
    // RFC 9110 section 8.6, RFC 9112 section 6.1: these must not carry framing fields at all.
    if (hasLength) head.drop(head.lengthIndex);
    if (isChunked) head.drop(head.encodingIndex);
    head.framing = FRAMING_NONE;
  } else if (requestWasHead || status === 304) head.framing = FRAMING_NONE;
  else if (isChunked) head.framing = FRAMING_CHUNKED;
  else head.framing = hasLength ? FRAMING_LENGTH : FRAMING_UNTIL_CLOSE;
  const options = head.connectionIndex < 0 ? 0 : readConnectionOptions(head);
  if (options < 0) return -options;
  const staysOpen = head.httpMinor === 1 || (options & OPTION_KEEP_ALIVE) !== 0;
  head.keepAlive = staysOpen && (options & OPTION_CLOSE) === 0 && head.framing !== FRAMING_UNTIL_CLOSE;
  head.hasUpgrade = (options & OPTION_UPGRADE) !== 0 && head.upgradeIndex >= 0;
  return 0;
}
