/** RFC 7541 section 5.1: integers with a prefix. */

/** More would be longer than anything that is accepted. */
const MAX_CONTINUATION_BYTES = 4;

/** What writeInteger() takes at most. */
export const MAX_INTEGER_BYTES = 6;

/** Reads integers one after the other; an object, since an answer is two numbers. */
export class IntegerReader {
  /** The offset after the integer read last. */
  at = 0;

  /** The integer at `at`, whose prefix lies in the bits of `prefix`; -1 where it is cut short or too long. */
  read(block: Buffer, end: number, prefix: number): number {
    if (this.at >= end) return -1;
    let value = block[this.at++]! & prefix;
    if (value < prefix) return value;
    for (let shift = 0; shift < 7 * MAX_CONTINUATION_BYTES; shift += 7) {
      if (this.at >= end) return -1;
      const byte = block[this.at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }
}

/** Writes `value` with a prefix of the bits of `prefix`, beside `flags`; gives the offset after. */
export function writeInteger(
  out: Buffer,
  offset: number,
  flags: number,
  prefix: number,
  value: number,
): number {
  let o = offset;
  if (value < prefix) {
    out[o++] = flags | value;
    return o;
  }
  out[o++] = flags | prefix;
  let rest = value - prefix;
  while (rest >= 0x80) {
    out[o++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[o++] = rest;
  return o;
}
