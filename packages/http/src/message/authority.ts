import { AUTHORITY, LOWER } from './bytes.ts';

/** Host and port, or less of it; no userinfo (RFC 9110 section 4.2.4). */
export function isAuthority(buffer: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (AUTHORITY[buffer[i]!] !== 1) return false;
  }
  return true;
}

/** `host:port`, and nothing else, as CONNECT wants it (RFC 9110 section 9.3.6). */
export function isHostAndPort(buffer: Buffer, start: number, end: number): boolean {
  let colon = end - 1;
  while (colon > start && buffer[colon]! >= 48 && buffer[colon]! <= 57) colon--;
  return colon > start && colon < end - 1 && buffer[colon] === 58 && isAuthority(buffer, start, end);
}

/** Hosts have no case (RFC 3986 section 3.2.2). */
export function isSameAuthority(buffer: Buffer, start: number, end: number, at: number, to: number): boolean {
  if (end - start !== to - at) return false;
  for (let i = 0; i < end - start; i++) {
    if (LOWER[buffer[start + i]!] !== LOWER[buffer[at + i]!]) return false;
  }
  return true;
}
