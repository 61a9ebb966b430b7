/** Request heads: RFC 9112 sections 3 and 6, strictly. */
import { TARGET, TOKEN } from '../message/bytes.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE } from '../message/head-index.ts';
import type { RequestHead } from '../message/request-head.ts';
import {
  OPTION_CLOSE,
  OPTION_KEEP_ALIVE,
  OPTION_UPGRADE,
  readConnectionOptions,
} from './connection-options.ts';
import {
  H1_BAD_LINE_END,
  H1_BAD_METHOD,
  H1_BAD_TARGET,
  H1_CONNECT_WITH_BODY,
  H1_ENCODING_IN_1_0,
  H1_HEAD_TOO_LARGE,
  H1_LENGTH_AND_ENCODING,
  H1_MISSING_HOST,
  H1_TARGET_TOO_LONG,
} from './errors.ts';
import { readVersion, VERSION_BYTES } from './http-version.ts';
import type { H1Limits } from './limits.ts';
import { parseLines } from './parse-lines.ts';
import { readTarget, settleAuthority } from './request-target.ts';

/** The head is not whole: call again, from the same start, with more bytes. */
export const NEED_MORE = 0;

const MAX_METHOD_BYTES = 32;

/**
 * Parses the head at [start,end) into `head`. Gives the offset after it, NEED_MORE, or a negated
 * key of h1Errors. One empty line before the request line is skipped (RFC 9112 section 2.2), a
 * second is an error.
 */
export function parseRequestHead(
  head: RequestHead,
  buffer: Buffer,
  start: number,
  end: number,
  limits: H1Limits,
): number {
  const isBounded = end - start >= limits.maxHeadBytes;
  const stop = isBounded ? start + limits.maxHeadBytes : end;
  head.clear(buffer, start);
  const linesStart = parseRequestLine(head, start, stop, limits.maxTargetBytes);
  const after = linesStart > 0 ? parseLines(head, linesStart, stop, limits.maxHeaderCount) : linesStart;
  if (after <= 0) return after === NEED_MORE && isBounded ? -H1_HEAD_TOO_LARGE : after;
  const error = settleRequest(head);
  return error === 0 ? after : -error;
}

function parseRequestLine(head: RequestHead, start: number, stop: number, maxTargetBytes: number): number {
  const buffer = head.buffer;
  let i = start;
  if (i < stop && buffer[i] === 13) {
    if (i + 1 >= stop) return NEED_MORE;
    if (buffer[i + 1] !== 10) return -H1_BAD_LINE_END;
    i += 2;
    head.start = i;
  }
  const methodStart = i;
  const methodStop = stop - i > MAX_METHOD_BYTES ? i + MAX_METHOD_BYTES + 1 : stop;
  while (i < methodStop && TOKEN[buffer[i]!] === 1) i++;
  if (i >= methodStop)
    return methodStop < stop || i - methodStart > MAX_METHOD_BYTES ? -H1_BAD_METHOD : NEED_MORE;
  if (buffer[i] !== 32 || i === methodStart) return -H1_BAD_METHOD;
  head.methodStart = methodStart;
  head.methodEnd = i;

  const targetStart = ++i;
  const targetStop = stop - i > maxTargetBytes ? i + maxTargetBytes + 1 : stop;
  while (i < targetStop && TARGET[buffer[i]!] === 1) i++;
  if (i >= targetStop) {
    return targetStop < stop || i - targetStart > maxTargetBytes ? -H1_TARGET_TOO_LONG : NEED_MORE;
  }
  if (buffer[i] !== 32 || i === targetStart) return -H1_BAD_TARGET;
  const targetEnd = i++;
  if (i + VERSION_BYTES + 2 > stop) return NEED_MORE;
  const minor = readVersion(buffer, i);
  if (minor < 0) return minor;
  head.httpMinor = minor === 0 ? 0 : 1;
  i += VERSION_BYTES;
  if (buffer[i] !== 13 || buffer[i + 1] !== 10) return -H1_BAD_LINE_END;
  const error = readTarget(head, targetStart, targetEnd);
  if (error !== 0) return -error;
  head.linesStart = i + 2;
  return i + 2;
}

/** What only the whole head tells: authority, framing, persistence. */
function settleRequest(head: RequestHead): number {
  if (head.hostIndex < 0 && head.httpMinor === 1) return H1_MISSING_HOST;
  const hostError = settleAuthority(head);
  if (hostError !== 0) return hostError;
  const isChunked = head.encodingIndex >= 0;
  const hasLength = head.lengthIndex >= 0;
  // RFC 9112 section 6.1: smuggling lives here, so neither wins.
  if (isChunked && hasLength) return H1_LENGTH_AND_ENCODING;
  if (isChunked && head.httpMinor === 0) return H1_ENCODING_IN_1_0;
  // RFC 9110 section 9.3.6: some read the body as tunnel bytes.
  if (head.isConnect && (isChunked || head.contentLength > 0)) return H1_CONNECT_WITH_BODY;
  head.framing = isChunked ? FRAMING_CHUNKED : hasLength ? FRAMING_LENGTH : FRAMING_NONE;
  const options = head.connectionIndex < 0 ? 0 : readConnectionOptions(head);
  if (options < 0) return -options;
  const asksToStay = head.httpMinor === 1 || (options & OPTION_KEEP_ALIVE) !== 0;
  head.keepAlive = asksToStay && (options & OPTION_CLOSE) === 0;
  // RFC 9110 section 7.8: a server ignores Upgrade in an HTTP/1.0 request.
  head.hasUpgrade = (options & OPTION_UPGRADE) !== 0 && head.upgradeIndex >= 0 && head.httpMinor === 1;
  if (head.hasUpgrade) {
    head.protocolStart = head.valueStart[head.upgradeIndex]!;
    head.protocolEnd = head.valueEnd[head.upgradeIndex]!;
  }
  if (head.httpMinor === 0) head.expectContinue = false;
  return 0;
}
