/** Byte classes and copies that the HTTP/1.1 codec shares. */

/** RFC 9110 section 5.6.2: tchar. */
export const TOKEN = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  TOKEN[c.charCodeAt(0)] = 1;
}

/** RFC 9110 section 5.5: field-vchar with obs-text, SP and HTAB; no other control, no DEL. */
export const FIELD_VALUE = new Uint8Array(256).fill(1, 32);
FIELD_VALUE[9] = 1;
FIELD_VALUE[127] = 0;

/** What a request target may hold: visible ASCII without '#', which no request sends (RFC 9112 3.2). */
export const TARGET = new Uint8Array(256).fill(1, 33, 127);
TARGET[35] = 0;

/** RFC 3986 section 3.2.2 host and port: reg-name, IP literals and the colon; no userinfo. */
export const AUTHORITY = new Uint8Array(256);
for (const c of "-._~!$&'()*+,;=%:[]0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  AUTHORITY[c.charCodeAt(0)] = 1;
}

/** ASCII lower case; every other byte is itself ('_' | 32 would be DEL, hence no bit trick). */
export const LOWER = new Uint8Array(256);
for (let i = 0; i < 256; i++) LOWER[i] = i >= 65 && i <= 90 ? i + 32 : i;

/** Does `buffer` at `at` hold `lowerCase`, in any case? The caller has compared lengths. */
export function equalsIgnoreCase(buffer: Buffer, at: number, lowerCase: string): boolean {
  for (let i = 0; i < lowerCase.length; i++) {
    if (LOWER[buffer[at + i]!] !== lowerCase.charCodeAt(i)) return false;
  }
  return true;
}

/** Below it a byte loop beats the call of copy(), which costs 31 ns on Node 24: benchmarks/micro/http-h1.ts. */
const COPY_CUT_BYTES = 24;

/** Copies [start,end) to `out` at `offset`; gives the offset after. */
export function copyBytes(out: Buffer, offset: number, from: Buffer, start: number, end: number): number {
  if (end - start < COPY_CUT_BYTES) {
    let o = offset;
    for (let i = start; i < end; i++) out[o++] = from[i]!;
    return o;
  }
  from.copy(out, offset, start, end);
  return offset + end - start;
}

/** Missing in the types; toString('latin1') checks its arguments at twice the price. */
interface Latin1Slice {
  latin1Slice(start: number | undefined, end: number | undefined): string;
}

/** Bytes as a string, one character each, as header text is (RFC 9110 section 5.5). */
export function latin1(buffer: Buffer, start: number | undefined, end: number | undefined): string {
  return (buffer as unknown as Latin1Slice).latin1Slice(start, end);
}
