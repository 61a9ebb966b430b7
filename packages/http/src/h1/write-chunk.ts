/** Chunk framing for bodies that we have to frame ourselves (RFC 9112 section 7.1). */

/** The most that writeChunkHeader() writes. */
export const MAX_CHUNK_HEADER_BYTES = 16;
export const CHUNK_END = Buffer.from('\r\n');
/** After the last chunk's CRLF, without trailers. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n');

const HEX = Buffer.from('0123456789abcdef');

/**
 * Writes `size` CRLF at `offset` and gives the offset after; then come `size` bytes and CHUNK_END.
 * A size of 0 would end the body: that is LAST_CHUNK's task, so here it throws.
 */
export function writeChunkHeader(out: Buffer, offset: number, size: number): number {
  if (!(size > 0)) throw new RangeError('a chunk has at least one byte');
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  let rest = size;
  for (let i = offset + digits - 1; i >= offset; i--) {
    out[i] = HEX[rest % 16]!;
    rest = Math.floor(rest / 16);
  }
  out[offset + digits] = 13;
  out[offset + digits + 1] = 10;
  return offset + digits + 2;
}
