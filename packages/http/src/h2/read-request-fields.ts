/** A request's fields (RFC 9113 section 8.3.1, RFC 8441), as strictly as HTTP/1.1's are parsed. */
import type { H1Limits } from '../h1/limits.ts';
import {
  KIND_AUTHORITY,
  KIND_CONTENT_LENGTH,
  KIND_COOKIE,
  KIND_EXPECT,
  KIND_HOST,
  KIND_METHOD,
  KIND_PATH,
  KIND_PLAIN,
  KIND_PROTOCOL,
  KIND_SCHEME,
  KIND_TE,
} from '../hpack/field-kind.ts';
import { isAuthority, isHostAndPort, isSameAuthority } from '../message/authority.ts';
import { equalsIgnoreCase, latin1, TARGET, TOKEN } from '../message/bytes.ts';
import { FLAG_HOST } from '../message/field-section.ts';
import { FRAMING_NONE, FRAMING_STREAM } from '../message/head-index.ts';
import {
  type RequestHead,
  TARGET_ASTERISK,
  TARGET_AUTHORITY,
  TARGET_ORIGIN,
} from '../message/request-head.ts';
import {
  H2_BAD_AUTHORITY,
  H2_BAD_CONNECT,
  H2_BAD_METHOD,
  H2_BAD_PATH,
  H2_BAD_SCHEME,
  H2_BAD_TE,
  H2_FIELDS_TOO_LARGE,
  H2_LENGTH_WITHOUT_BODY,
  H2_MISSING_AUTHORITY,
  H2_MISSING_PSEUDO,
  H2_OTHER_HOST,
  H2_REPEATED_HOST,
  H2_REPEATED_PSEUDO,
  H2_TARGET_TOO_LONG,
  H2_UNKNOWN_PSEUDO,
} from './field-errors.ts';
import { joinCookies } from './join-cookies.ts';
import {
  dropPseudoFields,
  endHead,
  errorOfKind,
  isPseudoKind,
  noteContentLength,
  takeKind,
} from './settle-fields.ts';

const MAX_METHOD_BYTES = 32;

/** Which pseudo-header fields have come. */
const SEEN_METHOD = 1;
const SEEN_SCHEME = 2;
const SEEN_AUTHORITY = 4;
const SEEN_PATH = 8;
const SEEN_PROTOCOL = 16;

/**
 * Makes the section that HpackDecoder has decoded into `head` a request: 0, or a key of h2FieldErrors.
 * `isEnd`: END_STREAM came with it. The buffer must have as much room again behind the lines, and two bytes:
 * cookies that came apart are joined there. A tunnel (CONNECT, RFC 8441) has FRAMING_NONE, as in HTTP/1.1.
 */
export function readRequestFields(head: RequestHead, isEnd: boolean, limits: H1Limits): number {
  head.httpMajor = 2;
  head.keepAlive = true;
  const seen = readPseudoFields(head);
  if (seen < 0) return -seen;
  const error = readMethod(head, seen) || readTarget(head, seen, limits) || readFields(head);
  if (error !== 0) return error;
  return readAuthority(head, seen) || settleBody(head, isEnd) || (endHead(head) ? 0 : H2_FIELDS_TOO_LARGE);
}

/** Gives what was seen, or a negated error. */
function readPseudoFields(head: RequestHead): number {
  let seen = 0;
  let index = 0;
  for (; index < head.count; index++) {
    const kind = takeKind(head, index);
    if (!isPseudoKind(kind)) {
      head.flags[index]! |= kind;
      break;
    }
    const bit = notePseudoField(head, index, kind);
    if (bit === 0) return -H2_UNKNOWN_PSEUDO;
    if ((seen & bit) !== 0) return -H2_REPEATED_PSEUDO;
    seen |= bit;
  }
  dropPseudoFields(head, index);
  return seen;
}

/** Gives its SEEN bit; 0 for one that requests have not. */
function notePseudoField(head: RequestHead, index: number, kind: number): number {
  const start = head.valueStart[index]!;
  const end = head.valueEnd[index]!;
  switch (kind) {
    case KIND_METHOD:
      head.methodStart = start;
      head.methodEnd = end;
      return SEEN_METHOD;
    case KIND_SCHEME:
      schemeStart = start;
      schemeEnd = end;
      return SEEN_SCHEME;
    case KIND_AUTHORITY:
      head.authorityStart = start;
      head.authorityEnd = end;
      return SEEN_AUTHORITY;
    case KIND_PATH:
      head.pathStart = start;
      head.pathEnd = end;
      return SEEN_PATH;
    case KIND_PROTOCOL:
      head.protocolStart = start;
      head.protocolEnd = end;
      return SEEN_PROTOCOL;
    default:
      return 0;
  }
}

/** Of the request that is being read: a head keeps only whether it is https. */
let schemeStart = 0;
let schemeEnd = 0;

function readMethod(head: RequestHead, seen: number): number {
  if ((seen & SEEN_METHOD) === 0) return H2_MISSING_PSEUDO;
  const { buffer, methodStart: start, methodEnd: end } = head;
  if (end === start || end - start > MAX_METHOD_BYTES) return H2_BAD_METHOD;
  for (let i = start; i < end; i++) {
    if (TOKEN[buffer[i]!] !== 1) return H2_BAD_METHOD;
  }
  head.isHead = end - start === 4 && latin1(buffer, start, end) === 'HEAD';
  const isConnect = end - start === 7 && latin1(buffer, start, end) === 'CONNECT';
  head.hasUpgrade = (seen & SEEN_PROTOCOL) !== 0;
  head.isConnect = isConnect && !head.hasUpgrade;
  // RFC 8441 section 4.
  return head.hasUpgrade && !isConnect ? H2_BAD_CONNECT : 0;
}

function readTarget(head: RequestHead, seen: number, limits: H1Limits): number {
  if (head.isConnect) {
    if ((seen & (SEEN_SCHEME | SEEN_PATH)) !== 0) return H2_BAD_CONNECT;
    head.targetForm = TARGET_AUTHORITY;
    head.pathStart = head.pathEnd = head.authorityEnd;
    return 0;
  }
  if ((seen & SEEN_SCHEME) === 0 || (seen & SEEN_PATH) === 0) return H2_MISSING_PSEUDO;
  head.isHttps = isScheme(head.buffer, 'https');
  if (!head.isHttps && !isScheme(head.buffer, 'http')) return H2_BAD_SCHEME;
  if (head.hasUpgrade && !isProtocol(head)) return H2_BAD_CONNECT;
  const { buffer, pathStart: start, pathEnd: end } = head;
  if (end - start > limits.maxTargetBytes) return H2_TARGET_TOO_LONG;
  if (end - start === 1 && buffer[start] === 42) {
    head.targetForm = TARGET_ASTERISK;
    return latin1(buffer, head.methodStart, head.methodEnd) === 'OPTIONS' ? 0 : H2_BAD_PATH;
  }
  head.targetForm = TARGET_ORIGIN;
  if (buffer[start] !== 47) return H2_BAD_PATH;
  for (let i = start; i < end; i++) {
    if (TARGET[buffer[i]!] !== 1) return H2_BAD_PATH;
  }
  return 0;
}

function isScheme(buffer: Buffer, scheme: string): boolean {
  return schemeEnd - schemeStart === scheme.length && equalsIgnoreCase(buffer, schemeStart, scheme);
}

/** One token, with a version or not, as an element of Upgrade is (RFC 9110 section 7.8). */
function isProtocol(head: RequestHead): boolean {
  const { buffer, protocolStart: start, protocolEnd: end } = head;
  for (let i = start; i < end; i++) {
    if (TOKEN[buffer[i]!] !== 1 && buffer[i] !== 47) return false;
  }
  return end > start;
}

/** The fields behind the pseudo-header fields. */
function readFields(head: RequestHead): number {
  let cookies = 0;
  for (let i = 0; i < head.count; i++) {
    const kind = takeKind(head, i);
    if (kind === KIND_PLAIN) continue;
    if (kind === KIND_COOKIE) cookies++;
    else {
      const error = noteField(head, i, kind);
      if (error !== 0) return error;
    }
  }
  return cookies > 1 && !joinCookies(head) ? H2_FIELDS_TOO_LARGE : 0;
}

function noteField(head: RequestHead, index: number, kind: number): number {
  switch (kind) {
    case KIND_HOST:
      if (head.hostIndex >= 0) return H2_REPEATED_HOST;
      head.hostIndex = index;
      head.flags[index]! |= FLAG_HOST;
      return 0;
    case KIND_CONTENT_LENGTH:
      return noteContentLength(head, index);
    case KIND_TE:
      // RFC 9113 section 8.2.2.
      if (!valueIs(head, index, 'trailers')) return H2_BAD_TE;
      head.hasTeTrailers = true;
      return 0;
    case KIND_EXPECT:
      if (valueIs(head, index, '100-continue')) head.expectContinue = true;
      return 0;
    default:
      return errorOfKind(kind);
  }
}

function valueIs(head: RequestHead, index: number, lowerCase: string): boolean {
  const start = head.valueStart[index]!;
  return (
    head.valueEnd[index]! - start === lowerCase.length && equalsIgnoreCase(head.buffer, start, lowerCase)
  );
}

/** RFC 9113 section 8.3.1: `:authority` or Host, neither empty, and the same where both are given. */
function readAuthority(head: RequestHead, seen: number): number {
  const { buffer, hostIndex } = head;
  if ((seen & SEEN_AUTHORITY) === 0) {
    // RFC 9113 section 8.5.
    if (head.isConnect) return H2_MISSING_PSEUDO;
    if (hostIndex < 0) return H2_MISSING_AUTHORITY;
    head.authorityStart = head.valueStart[hostIndex]!;
    head.authorityEnd = head.valueEnd[hostIndex]!;
  }
  const { authorityStart: start, authorityEnd: end } = head;
  if (start === end) return H2_MISSING_AUTHORITY;
  if (head.isConnect) return isHostAndPort(buffer, start, end) ? 0 : H2_BAD_CONNECT;
  if (!isAuthority(buffer, start, end)) return H2_BAD_AUTHORITY;
  if (hostIndex < 0) return 0;
  const isSame = isSameAuthority(buffer, start, end, head.valueStart[hostIndex]!, head.valueEnd[hostIndex]!);
  return isSame ? 0 : H2_OTHER_HOST;
}

function settleBody(head: RequestHead, isEnd: boolean): number {
  if (head.asksForTunnel) {
    // RFC 9113 section 8.5: its DATA is the tunnel's.
    if (head.contentLength > 0) return H2_BAD_CONNECT;
    if (head.lengthIndex >= 0) head.drop(head.lengthIndex);
    head.contentLength = -1;
    head.framing = FRAMING_NONE;
    return 0;
  }
  if (isEnd && head.contentLength > 0) return H2_LENGTH_WITHOUT_BODY;
  head.framing = isEnd ? FRAMING_NONE : FRAMING_STREAM;
  return 0;
}
