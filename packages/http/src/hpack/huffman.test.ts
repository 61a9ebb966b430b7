import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHuffman, encodeHuffman, huffmanLength } from './huffman.ts';

const identity = Uint8Array.from({ length: 256 }, (_, i) => i);

function encode(text: Buffer): Buffer {
  const out = Buffer.alloc(4 * text.length + 1);
  const end = encodeHuffman(out, 0, text, 0, text.length, identity);
  expect(end).toBe(huffmanLength(text, 0, text.length, identity));
  return out.subarray(0, end);
}

/** Decodes to a place within other bytes, which must stay as they are. */
function decode(code: Buffer, room: number): { length: number; text: Buffer } {
  const out = Buffer.alloc(room + 20, 0xaa);
  const end = decodeHuffman(code, 0, code.length, out, 10, 10 + room);
  expect(out.subarray(0, 10).every((byte) => byte === 0xaa)).toBe(true);
  expect(out.subarray(10 + room).every((byte) => byte === 0xaa)).toBe(true);
  return {
    length: end < 0 ? end : end - 10,
    text: out.subarray(10, 10 + Math.min(room, Math.max(0, end - 10))),
  };
}

describe('RFC 7541 appendix B', () => {
  it.each<[byte: number, bits: string]>([
    [0, '1111111111000'],
    [10, '111111111111111111111111111100'],
    [32, '010100'],
    [48, '00000'],
    [97, '00011'],
    [122, '1111011'],
    [127, '1111111111111111111111111100'],
    [128, '11111111111111100110'],
    [195, '1111111111111110001'],
    [255, '11111111111111111111101110'],
    [249, '1111111111111111111111111110'],
  ])('has the code of %d', (byte, bits) => {
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
    expect(encode(Buffer.from([byte]))).toEqual(
      Buffer.from(padded.match(/.{8}/g)!.map((b) => Number.parseInt(b, 2))),
    );
  });
});

describe('encode, then decode', () => {
  it('is the identity', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(400), (bytes, spare) => {
        const text = Buffer.from(bytes);
        expect(decode(encode(text), text.length + spare).text.equals(text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('counts what has no room, and does not write it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (bytes, nat) => {
        const text = Buffer.from(bytes);
        const room = nat % text.length;
        const decoded = decode(encode(text), room);
        expect(decoded.length).toBe(text.length);
        expect(decoded.text.equals(text.subarray(0, room))).toBe(true);
      }),
    );
  });
});

it('RFC 7541 5.2: what decodes is what an encoder would write', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const code = Buffer.from(bytes);
      const { length, text } = decode(code, 100);
      if (length >= 0) expect(encode(Buffer.from(text)).equals(code)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
