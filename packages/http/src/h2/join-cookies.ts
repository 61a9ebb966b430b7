import { copyBytes } from '../message/bytes.ts';
import { FLAG_SENSITIVE } from '../message/field-section.ts';
import type { RequestHead } from '../message/request-head.ts';

const COOKIE = Buffer.from('cookie: ');

/**
 * RFC 9113 section 8.2.3: cookies may come as fields of their own, and everybody else wants one. It becomes
 * the last line, and the others close up. False: the buffer lacks room behind the lines for as much again.
 */
export function joinCookies(head: RequestHead): boolean {
  const { buffer, linesEnd } = head;
  if (2 * linesEnd - head.linesStart > buffer.length) return false;
  const joinedEnd = writeJoined(head, linesEnd);
  let sensitive = 0;
  let kept = 0;
  let o = head.linesStart;
  for (let i = 0; i < head.count; i++) {
    const start = head.nameStart[i]!;
    const lineEnd = head.valueEnd[i]! + 2;
    if (isCookie(head, i)) {
      sensitive |= head.flags[i]! & FLAG_SENSITIVE;
      continue;
    }
    moveLine(head, i, kept, o);
    buffer.copyWithin(o, start, lineEnd);
    o += lineEnd - start;
    kept++;
  }
  buffer.copyWithin(o, linesEnd, joinedEnd);
  head.nameStart[kept] = o;
  head.nameEnd[kept] = o + COOKIE.length - 2;
  head.valueStart[kept] = o + COOKIE.length;
  head.valueEnd[kept] = o + joinedEnd - linesEnd - 2;
  head.flags[kept] = sensitive;
  head.count = kept + 1;
  head.linesEnd = o + joinedEnd - linesEnd;
  return true;
}

/** Gives the offset after the line. It is shorter than the lines that it joins. */
function writeJoined(head: RequestHead, offset: number): number {
  const { buffer } = head;
  let o = copyBytes(buffer, offset, COOKIE, 0, COOKIE.length);
  let isFirst = true;
  for (let i = 0; i < head.count; i++) {
    if (!isCookie(head, i)) continue;
    if (!isFirst) {
      buffer[o++] = 59;
      buffer[o++] = 32;
    }
    isFirst = false;
    o = copyBytes(buffer, o, buffer, head.valueStart[i]!, head.valueEnd[i]!);
  }
  buffer[o++] = 13;
  buffer[o++] = 10;
  return o;
}

function isCookie(head: RequestHead, index: number): boolean {
  const start = head.nameStart[index]!;
  const length = COOKIE.length - 2;
  return (
    head.nameEnd[index]! - start === length &&
    head.buffer.compare(COOKIE, 0, length, start, start + length) === 0
  );
}

/** The line at `from` is to lie at `offset`, as the line at `to`. */
function moveLine(head: RequestHead, from: number, to: number, offset: number): void {
  const shift = offset - head.nameStart[from]!;
  head.nameStart[to] = head.nameStart[from]! + shift;
  head.nameEnd[to] = head.nameEnd[from]! + shift;
  head.valueStart[to] = head.valueStart[from]! + shift;
  head.valueEnd[to] = head.valueEnd[from]! + shift;
  head.flags[to] = head.flags[from]!;
  if (head.hostIndex === from) head.hostIndex = to;
  if (head.lengthIndex === from) head.lengthIndex = to;
}
