/** A content length, one number of at most 16 digits (RFC 9110 section 8.6); -1 where it is none. */
export function readContentLength(buffer: Buffer, start: number, end: number): number {
  if (start === end || end - start > 16) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = buffer[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}
