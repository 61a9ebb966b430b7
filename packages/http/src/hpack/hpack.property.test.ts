/** Properties that hold for any fields, and for any bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TABLE_BYTES } from './dynamic-table.ts';
import { type DecodeLimits, HPACK_TOO_LARGE, HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { decodeBlock, encodeBlock, type TextField, tableOf, wideLimits } from './testing/blocks.ts';

const name = fc.oneof(
  fc.constantFrom(':path', ':status', 'date', 'x-a', 'x-b', 'cookie', 'authorization', 'set-cookie'),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,20}$/),
);
const value = fc.oneof(
  fc.constantFrom('', 'a', '200', '/', 'GET', 'x'.repeat(40)),
  fc.uint8Array({ maxLength: 150 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const field: fc.Arbitrary<TextField> = fc
  .tuple(name, value, fc.integer({ min: 0, max: 9 }))
  .map(([n, v, dice]) => (dice === 0 ? [n, v, true] : [n, v]));

/** A few fields, most of which come again: else nothing is ever found in a table. */
const blocks = fc.array(field, { minLength: 1, maxLength: 12 }).chain((fields) =>
  fc.array(
    fc.record({
      fields: fc.array(fc.constantFrom(...fields), { maxLength: 10 }),
      tableBytes: fc.array(fc.constantFrom(0, 64, 100, 400, 4096, 70_000), { maxLength: 2 }),
    }),
    { maxLength: 30 },
  ),
);

const SECRETS = /^(authorization|set-cookie)$/;

describe('encode, then decode', () => {
  it.each([
    { usesHuffman: false, admission: 'second-sight' },
    { usesHuffman: true, admission: 'second-sight' },
    { usesHuffman: true, admission: 'all' },
  ] as const)('is the identity while table sizes change: %o', (options) => {
    fc.assert(
      fc.property(blocks, fc.constantFrom(0, 300, 4096, 10_000), (steps, maxTableBytes) => {
        const encoder = new HpackEncoder({ ...options, maxTableBytes });
        const decoder = new HpackDecoder(70_000);
        for (const { fields, tableBytes } of steps) {
          for (const bytes of tableBytes) encoder.setMaxTableBytes(bytes);
          const block = encodeBlock(encoder, fields);
          const decoded = decodeBlock(decoder, block);
          expect(decoded.error).toBe(0);
          expect(decoded.fields.map(([n, v]) => [n, v])).toEqual(fields.map(([n, v]) => [n, v]));
          for (const [i, [n, v, isSensitive]] of fields.entries()) {
            const isSecret = SECRETS.test(n) || (n === 'cookie' && v.length < 20);
            const isKept = isSensitive === true || (isSecret && options.admission === 'second-sight');
            expect(decoded.fields[i]![2] === true).toBe(isKept);
          }
          expect(tableOf(decoder.table)).toEqual(tableOf(encoder.table));
          expect(encoder.table.size).toBeLessThanOrEqual(Math.min(maxTableBytes, encoder.table.capacity));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the tables in step where a section exceeds the limits', () => {
    fc.assert(
      fc.property(blocks, fc.nat(400), fc.nat(6), (steps, maxSectionBytes, maxCount) => {
        const encoder = new HpackEncoder({ admission: 'all', usesHuffman: true, maxTableBytes: 1000 });
        const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
        const limits: DecodeLimits = { maxSectionBytes, maxCount };
        for (const { fields } of steps) {
          const decoded = decodeBlock(decoder, encodeBlock(encoder, fields), limits);
          const bytes = fields.reduce((sum, [n, v]) => sum + n.length + v.length + 32, 0);
          const isTooLarge = bytes > maxSectionBytes || fields.length > maxCount;
          expect(decoded.error).toBe(isTooLarge ? HPACK_TOO_LARGE : 0);
          if (!isTooLarge)
            expect(decoded.fields.map(([n, v]) => [n, v])).toEqual(fields.map((f) => [f[0], f[1]]));
          expectInBounds(decoded.out, maxSectionBytes);
          expect(tableOf(decoder.table)).toEqual(tableOf(encoder.table));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Nothing before the place that was given, and nothing after the section's bound. */
function expectInBounds(out: Buffer, maxSectionBytes: number): void {
  expect(out.subarray(0, 7).every((byte) => byte === 0xaa)).toBe(true);
  expect(out.subarray(7 + maxSectionBytes).every((byte) => byte === 0xaa)).toBe(true);
}

describe('any bytes', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    // Starts of representations: they get further than junk does.
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            [0x82],
            [0xbe],
            [0x40, 1, 97, 1, 98],
            [0x10, 1, 97, 0x81, 0xff],
            [0x3f, 0xe1, 0x1f],
          ),
          fc.tuple(fc.nat(255), fc.nat(255)),
        ),
        { maxLength: 40 },
      )
      .map((parts) => Uint8Array.from(parts.flat())),
  );

  it('never make a decoder throw, or leave its bounds', () => {
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 5 }), fc.nat(300), (inputs, maxSectionBytes) => {
        const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
        for (const input of inputs) {
          const decoded = decodeBlock(decoder, Buffer.from(input), { maxSectionBytes, maxCount: 20 });
          expectInBounds(decoded.out, maxSectionBytes);
          expect(decoded.section.count).toBeLessThanOrEqual(20);
          expect(decoder.table.size).toBeLessThanOrEqual(DEFAULT_TABLE_BYTES);
          expect(decoder.table.text.length).toBeLessThanOrEqual(2 * DEFAULT_TABLE_BYTES);
          tableOf(decoder.table);
        }
      }),
      {
        numRuns: 3000,
        // Found so: an error in a section that was too large, with an empty table, and a block after it.
        examples: [[[Uint8Array.of(32, 32, 129, 0), Uint8Array.of(63, 225, 31, 64, 1, 97, 1, 98)], 0]],
      },
    );
  });

  it('in place of one byte of a good block neither', () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.nat(255), (steps, at, byte) => {
        const encoder = new HpackEncoder({ admission: 'all', usesHuffman: true });
        const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
        for (const { fields } of steps) {
          const block = encodeBlock(encoder, fields);
          if (block.length > 0) block[at % block.length] = byte;
          expectInBounds(decodeBlock(decoder, block).out, wideLimits.maxSectionBytes);
        }
      }),
      { numRuns: 300 },
    );
  });
});
