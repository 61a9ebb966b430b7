/** Ids for requests, in bytes that are counted up: a random number for each would cost more than the rest of its head. */
const A = 97;
const F = 102;
const ZERO = 48;
const NINE = 57;

/** Counts the last `digits` lower-case hexadecimal digits before `end` up, and carries. */
export function countUpHex(bytes: Buffer, end: number, digits: number): void {
  for (let i = end - 1; i >= end - digits; i--) {
    const digit = bytes[i]!;
    if (digit === F) {
      bytes[i] = ZERO;
      continue;
    }
    bytes[i] = digit === NINE ? A : digit + 1;
    return;
  }
}
