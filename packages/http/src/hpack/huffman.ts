/**
 * The Huffman code of RFC 7541 section 5.2 and appendix B. It is canonical (codes of a length ascend with
 * the symbols), so the lengths are the whole of it.
 */

/** Bits of each byte's code, then of EOS. */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const EOS = 256;
const MIN_BITS = 5;
const MAX_BITS = 30;

const bits = Uint8Array.from(CODE_BITS);
const codes = new Uint32Array(EOS + 1);

/** By state and four bits of input: next state, the byte that ends there, and the flags below. */
const steps = new Uint32Array(256 * 16);
const SYMBOL_SHIFT = 8;
const EMIT = 1 << 16;
const FAIL = 1 << 17;
/** By state: it is at most seven bits into a code, all of them ones (RFC 7541 section 5.2). */
const isPadding = new Uint8Array(256);

buildCodes();
buildSteps();

/**
 * Decodes [start,end) to `out` from `offset`; gives the offset after, or -1: EOS within the string, or
 * padding that is not the seven ones at most (RFC 7541 section 5.2). Bytes at and beyond `limit` are
 * counted but not written.
 */
export function decodeHuffman(
  block: Buffer,
  start: number,
  end: number,
  out: Buffer,
  offset: number,
  limit: number,
): number {
  const fits = offset + Math.floor(((end - start) * 8) / MIN_BITS) < limit;
  let state = 0;
  let o = offset;
  for (let i = start; i < end; i++) {
    const byte = block[i]!;
    const high = steps[(state << 4) | (byte >> 4)]!;
    // Written in any case: a byte too many is cheaper than a branch that is mispredicted.
    if (fits || o < limit) out[o] = (high >> SYMBOL_SHIFT) & 0xff;
    o += (high >> 16) & 1;
    const low = steps[((high & 0xff) << 4) | (byte & 15)]!;
    if (fits || o < limit) out[o] = (low >> SYMBOL_SHIFT) & 0xff;
    o += (low >> 16) & 1;
    if (((high | low) & FAIL) !== 0) return -1;
    state = low & 0xff;
  }
  return isPadding[state] === 1 ? o : -1;
}

/** Bytes that [start,end) takes; each byte is mapped by `fold` first. */
export function huffmanLength(from: Buffer, start: number, end: number, fold: Uint8Array): number {
  let total = 0;
  for (let i = start; i < end; i++) total += bits[fold[from[i]!]!]!;
  return (total + 7) >> 3;
}

/** Encodes [start,end); gives the offset after. */
export function encodeHuffman(
  out: Buffer,
  offset: number,
  from: Buffer,
  start: number,
  end: number,
  fold: Uint8Array,
): number {
  let o = offset;
  let pending = 0;
  let pendingBits = 0;
  for (let i = start; i < end; i++) {
    const symbol = fold[from[i]!]!;
    let rest = bits[symbol]!;
    const code = codes[symbol]!;
    // At most seven bits wait, and 32 fit: a long code goes in two halves.
    while (rest > 0) {
      const taken = Math.min(rest, 16);
      rest -= taken;
      pending = (pending << taken) | ((code >>> rest) & ((1 << taken) - 1));
      pendingBits += taken;
      while (pendingBits >= 8) {
        pendingBits -= 8;
        out[o++] = pending >>> pendingBits;
      }
    }
  }
  if (pendingBits > 0) out[o++] = (pending << (8 - pendingBits)) | (0xff >> pendingBits);
  return o;
}

function buildCodes(): void {
  let code = 0;
  for (let length = MIN_BITS; length <= MAX_BITS; length++) {
    for (let symbol = 0; symbol <= EOS; symbol++) {
      if (bits[symbol] === length) codes[symbol] = code++;
    }
    code *= 2;
  }
}

/** A state is an inner node of the code's tree; the root is 0. */
function buildSteps(): void {
  const children: number[] = [0, 0];
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = bits[symbol]! - 1; bit >= 0; bit--) {
      const at = node * 2 + ((codes[symbol]! >>> bit) & 1);
      if (bit === 0) children[at] = -1 - symbol;
      else if (children[at] === 0) {
        children[at] = children.length / 2;
        children.push(0, 0);
      }
      node = children[at]!;
    }
  }
  for (let state = 0; state < children.length / 2; state++) {
    for (let nibble = 0; nibble < 16; nibble++) steps[state * 16 + nibble] = stepOf(children, state, nibble);
  }
  for (let ones = 0, node = 0; ones < 8; ones++, node = children[node * 2 + 1]!) isPadding[node] = 1;
}

function stepOf(children: readonly number[], state: number, nibble: number): number {
  let node = state;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = children[node * 2 + ((nibble >> bit) & 1)]!;
    if (node >= 0) continue;
    const symbol = -1 - node;
    if (symbol === EOS) return FAIL;
    emitted = EMIT | (symbol << SYMBOL_SHIFT);
    node = 0;
  }
  return node | emitted;
}
