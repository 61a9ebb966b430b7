import { isAuthority, isHostAndPort } from '../message/authority.ts';
import { equalsIgnoreCase, latin1 } from '../message/bytes.ts';
import {
  type RequestHead,
  TARGET_ABSOLUTE,
  TARGET_ASTERISK,
  TARGET_AUTHORITY,
  TARGET_ORIGIN,
} from '../message/request-head.ts';
import { H1_BAD_HOST, H1_BAD_TARGET } from './errors.ts';

const SLASH = 47;
const QUERY = 63;

/** Reads the target [start,end) by its form (RFC 9112 section 3.2); 0 or an error. */
export function readTarget(head: RequestHead, start: number, end: number): number {
  const buffer = head.buffer;
  const methodLength = head.methodEnd - head.methodStart;
  // Methods are case-sensitive (RFC 9110 section 9.1).
  head.isHead = methodLength === 4 && latin1(buffer, head.methodStart, head.methodEnd) === 'HEAD';
  head.isConnect = methodLength === 7 && latin1(buffer, head.methodStart, head.methodEnd) === 'CONNECT';
  head.authorityStart = head.authorityEnd = 0;
  head.pathStart = start;
  head.pathEnd = end;
  if (head.isConnect) return readAuthorityForm(head, start, end);
  if (buffer[start] === SLASH) {
    head.targetForm = TARGET_ORIGIN;
    return 0;
  }
  if (buffer[start] === 42 && end - start === 1) {
    head.targetForm = TARGET_ASTERISK;
    return head.method() === 'OPTIONS' ? 0 : H1_BAD_TARGET;
  }
  return readAbsoluteForm(head, start, end);
}

/** `host:port`, and nothing else, for CONNECT. */
function readAuthorityForm(head: RequestHead, start: number, end: number): number {
  head.targetForm = TARGET_AUTHORITY;
  head.authorityStart = start;
  head.authorityEnd = end;
  head.pathStart = head.pathEnd = end;
  return isHostAndPort(head.buffer, start, end) ? 0 : H1_BAD_TARGET;
}

/** Only http and https; userinfo is refused (RFC 9110 section 4.2.4). */
function readAbsoluteForm(head: RequestHead, start: number, end: number): number {
  head.targetForm = TARGET_ABSOLUTE;
  const buffer = head.buffer;
  let at = start;
  if (end - start > 7 && equalsIgnoreCase(buffer, start, 'http://')) at += 7;
  else if (end - start > 8 && equalsIgnoreCase(buffer, start, 'https://')) {
    at += 8;
    head.isHttps = true;
  } else return H1_BAD_TARGET;
  let i = at;
  while (i < end && buffer[i] !== SLASH && buffer[i] !== QUERY) i++;
  if (i === at || !isAuthority(buffer, at, i)) return H1_BAD_TARGET;
  head.authorityStart = at;
  head.authorityEnd = i;
  head.pathStart = i;
  return 0;
}

/** Checks Host, and takes it as the authority where the target has none (RFC 9112 section 3.2.2). */
export function settleAuthority(head: RequestHead): number {
  if (head.hostIndex < 0) return 0;
  const start = head.valueStart[head.hostIndex]!;
  const end = head.valueEnd[head.hostIndex]!;
  if (!isAuthority(head.buffer, start, end)) return H1_BAD_HOST;
  if (head.targetForm === TARGET_ORIGIN || head.targetForm === TARGET_ASTERISK) {
    head.authorityStart = start;
    head.authorityEnd = end;
  }
  return 0;
}
