/**
 * What a field is to a message (RFC 9113 section 8), in the four upper bits of its flags. The decoder finds
 * it once for each entry of its table, so that a request of indexed fields is not looked through byte by
 * byte; h2/read-*-fields.ts settle it (benchmarks/micro/hpack.ts).
 */
import { equalsIgnoreCase, FIELD_VALUE, TOKEN } from '../message/bytes.ts';

export const KIND_PLAIN = 0x00;
export const KIND_METHOD = 0x10;
export const KIND_SCHEME = 0x20;
export const KIND_AUTHORITY = 0x30;
export const KIND_PATH = 0x40;
export const KIND_STATUS = 0x50;
export const KIND_PROTOCOL = 0x60;
/** A name with a colon in front that is not defined. */
export const KIND_UNKNOWN_PSEUDO = 0x70;
export const KIND_HOST = 0x80;
export const KIND_CONTENT_LENGTH = 0x90;
export const KIND_COOKIE = 0xa0;
export const KIND_TE = 0xb0;
export const KIND_EXPECT = 0xc0;
/** Speaks of the connection: HTTP/2 has no such fields (RFC 9113 section 8.2.2). */
export const KIND_CONNECTION = 0xd0;
/** The name is not a token in lower case. */
export const KIND_BAD_NAME = 0xe0;
/** The value holds a control byte, or white space at an end. */
export const KIND_BAD_VALUE = 0xf0;

export const KIND_MASK = 0xf0;

const NAME = TOKEN.slice().fill(0, 65, 91);

const KINDS: Readonly<Record<number, readonly (readonly [name: string, kind: number])[]>> = {
  2: [['te', KIND_TE]],
  4: [['host', KIND_HOST]],
  5: [[':path', KIND_PATH]],
  6: [
    ['cookie', KIND_COOKIE],
    ['expect', KIND_EXPECT],
  ],
  7: [
    [':method', KIND_METHOD],
    [':scheme', KIND_SCHEME],
    [':status', KIND_STATUS],
    ['upgrade', KIND_CONNECTION],
  ],
  9: [[':protocol', KIND_PROTOCOL]],
  10: [
    [':authority', KIND_AUTHORITY],
    ['connection', KIND_CONNECTION],
    ['keep-alive', KIND_CONNECTION],
  ],
  14: [['content-length', KIND_CONTENT_LENGTH]],
  16: [['proxy-connection', KIND_CONNECTION]],
  17: [['transfer-encoding', KIND_CONNECTION]],
};

/** RFC 9113 section 8.2.1: a token without upper case; a colon only in front. */
export function kindOfName(buffer: Buffer, start: number, end: number): number {
  const isPseudo = buffer[start] === 58;
  const first = isPseudo ? start + 1 : start;
  if (first >= end) return KIND_BAD_NAME;
  for (let i = first; i < end; i++) {
    if (NAME[buffer[i]!] !== 1) return KIND_BAD_NAME;
  }
  const candidates = KINDS[end - start];
  if (candidates !== undefined) {
    for (let i = 0; i < candidates.length; i++) {
      // The name has no upper case any more.
      if (equalsIgnoreCase(buffer, start, candidates[i]![0])) return candidates[i]![1];
    }
  }
  return isPseudo ? KIND_UNKNOWN_PSEUDO : KIND_PLAIN;
}

/** RFC 9113 section 8.2.1, and no other control byte either (RFC 9110 section 5.5). */
export function isFieldValue(buffer: Buffer, start: number, end: number): boolean {
  if (start === end) return true;
  if (isSpace(buffer[start]!) || isSpace(buffer[end - 1]!)) return false;
  for (let i = start; i < end; i++) {
    if (FIELD_VALUE[buffer[i]!] !== 1) return false;
  }
  return true;
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 9;
}
