import { describe, expect, it } from 'vitest';
import { FieldSection, MAX_HEADER_COUNT } from '../message/field-section.ts';
import { DEFAULT_TABLE_BYTES } from './dynamic-table.ts';
import { KIND_BAD_NAME, KIND_BAD_VALUE, KIND_CONNECTION, KIND_MASK, KIND_PLAIN } from './field-kind.ts';
import { HPACK_ERROR, HPACK_TOO_LARGE, HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { bytesOf, decodeBlock, encodeBlock, type TextField, tableOf } from './testing/blocks.ts';

const newDecoder = (announcedBytes = DEFAULT_TABLE_BYTES) => new HpackDecoder(announcedBytes);

describe('a block that cannot be decoded', () => {
  it.each<[rule: string, hex: string]>([
    ['RFC 7541 6.1: index 0', '80'],
    ['RFC 7541 2.3.3: an index beyond both tables', 'be'],
    ['RFC 7541 2.3.3: a name index beyond both tables', '7e 01 61'],
    ['RFC 7541 2.3.3: a name index far beyond', '0f ff7f 01 61'],
    ['RFC 7541 5.1: an integer that is cut short', 'ff'],
    // Its value would do, and the string is there.
    ['RFC 7541 5.1: an integer of too many octets', `00 01 61 7f 80 80 80 80 00 ${'62'.repeat(127)}`],
    ['RFC 7541 5.1: an integer beyond 28 bits', 'ff ff ff ff ff 01'],
    ['RFC 7541 5.2: a string without length', '00'],
    ['RFC 7541 5.2: a name that is cut short', '00 02 61'],
    ['RFC 7541 5.2: a value without length', '00 01 61'],
    ['RFC 7541 5.2: a value that is cut short', '00 01 61 02 62'],
    ['RFC 7541 5.2: a length beyond the block', '00 01 61 7f ff ff 03 62'],
    ['RFC 7541 5.2: EOS within a string', '00 01 61 84 ff ff ff ff'],
    ['RFC 7541 5.2: EOS behind a symbol', '00 01 61 85 1f ff ff ff ff'],
    ['RFC 7541 5.2: padding of more than 7 bits', '00 01 61 82 1f ff'],
    ['RFC 7541 5.2: padding of nothing but 8 bits', '00 01 61 81 ff'],
    ['RFC 7541 5.2: padding that is not ones', '00 01 61 81 18'],
    ['RFC 7541 5.2: padding with a zero at its end', '00 01 61 81 1e'],
    ['RFC 7541 5.2: a Huffman name with bad padding', '00 81 18 01 61'],
    ['RFC 7541 4.2: a size update behind a field', '82 20'],
    ['RFC 7541 4.2: three size updates', '20 20 20 82'],
    ['RFC 7541 6.3: a size beyond what we announced', '3f e2 1f 82'],
    ['RFC 7541 6.3: a size that is cut short', '3f e1'],
  ])('%s', (_, hex) => {
    const decoder = newDecoder();
    expect(decodeBlock(decoder, bytesOf(hex)).error).toBe(HPACK_ERROR);
  });

  it('RFC 7541 4.2: without the size update that our smaller table asks for', () => {
    const decoder = newDecoder(100);
    expect(decodeBlock(decoder, bytesOf('82')).error).toBe(0);
    decoder.onSettingsAcknowledged();
    expect(decodeBlock(decoder, bytesOf('82')).error).toBe(HPACK_ERROR);
  });
});

describe('a block that can', () => {
  it.each<[rule: string, hex: string, fields: readonly TextField[]]>([
    ['nothing', '', []],
    ['RFC 7541 4.2: two size updates', '20 3f e1 1f 82', [[':method', 'GET']]],
    ['RFC 7541 6.3: only a size update', '20', []],
    [
      'RFC 7541 5.1: zeros behind an integer',
      `00 01 61 7f 80 00 ${'62'.repeat(127)}`,
      [['a', 'b'.repeat(127)]],
    ],
    ['RFC 7541 5.2: an empty Huffman string', '00 01 61 80', [['a', '']]],
    ['RFC 7541 5.2: padding of 7 bits', '00 01 61 83 18 ef 7f', [['a', 'aaC']]],
    ['RFC 7541 6.2.2: a name of the static table', '0f 27 01 61', [['server', 'a']]],
  ])('%s', (_, hex, fields) => {
    const decoded = decodeBlock(newDecoder(), bytesOf(hex));
    expect(decoded).toMatchObject({ error: 0, fields });
    expect(decoded.section.count).toBe(fields.length);
  });

  it('RFC 7541 4.2: a smaller table once it was said, and no larger one after', () => {
    const decoder = newDecoder(100);
    decodeBlock(decoder, bytesOf('40 01 61 01 62'));
    decoder.onSettingsAcknowledged();
    expect(decodeBlock(decoder, bytesOf('3f 45 be')).fields).toEqual([['a', 'b']]);
    expect(decoder.table.capacity).toBe(100);
    expect(decodeBlock(decoder, bytesOf('3f 46')).error).toBe(HPACK_ERROR);
  });

  it('RFC 7541 4.4: an entry larger than the table empties it', () => {
    const decoder = newDecoder();
    decodeBlock(decoder, bytesOf('40 01 61 01 62'));
    decodeBlock(decoder, bytesOf(`3f 09 40 01 61 07 ${'62'.repeat(7)}`));
    expect(tableOf(decoder.table)).toEqual({ entries: [['a', 'b'.repeat(7)]], size: 40 });
    expect(decodeBlock(decoder, bytesOf(`40 01 61 08 ${'62'.repeat(8)}`))).toMatchObject({
      error: 0,
      fields: [['a', 'b'.repeat(8)]],
    });
    expect(tableOf(decoder.table)).toEqual({ entries: [], size: 0 });
  });

  it('RFC 7541 4.4: a name of the entry that makes way for it', () => {
    const decoder = newDecoder();
    decodeBlock(decoder, bytesOf('3f 03 40 01 61 01 62'));
    expect(decodeBlock(decoder, bytesOf('7e 01 63')).fields).toEqual([['a', 'c']]);
    expect(tableOf(decoder.table).entries).toEqual([['a', 'c']]);
  });
});

describe('kinds', () => {
  const kindsOf = (decoder: HpackDecoder, hex: string) => {
    const { section } = decodeBlock(decoder, bytesOf(hex));
    return Array.from(section.flags.subarray(0, section.count), (flags) => flags & KIND_MASK);
  };

  it('are remembered with an entry', () => {
    const decoder = newDecoder();
    // `a: ` with a bad value, `connection: x`, a name in upper case.
    const block = `40 01 61 01 00 40 0a ${Buffer.from('connection').toString('hex')} 01 78 40 01 41 01 61`;
    expect(kindsOf(decoder, block)).toEqual([KIND_BAD_VALUE, KIND_CONNECTION, KIND_BAD_NAME]);
    expect(kindsOf(decoder, 'be bf c0')).toEqual([KIND_BAD_NAME, KIND_CONNECTION, KIND_BAD_VALUE]);
  });

  it('are the name’s own where it comes from an entry with a bad value', () => {
    const decoder = newDecoder();
    kindsOf(decoder, `40 0a ${Buffer.from('connection').toString('hex')} 01 00 40 01 61 01 00`);
    expect(kindsOf(decoder, '0f 2f 01 61 0f 30 01 61 0f 30 01 00')).toEqual([
      KIND_PLAIN,
      KIND_CONNECTION,
      KIND_BAD_VALUE,
    ]);
  });
});

describe('limits', () => {
  const block = encodeBlock(new HpackEncoder({ admission: 'all' }), [
    ['aa', 'b'],
    ['cc', 'd'.repeat(20)],
    ['ee', 'f'],
  ]);

  it.each([
    { maxSectionBytes: 124, maxCount: 3, error: 0 },
    { maxSectionBytes: 123, maxCount: 3, error: HPACK_TOO_LARGE },
    { maxSectionBytes: 10_000, maxCount: 2, error: HPACK_TOO_LARGE },
    { maxSectionBytes: 0, maxCount: 3, error: HPACK_TOO_LARGE },
  ])('RFC 9113 6.5.2: $maxSectionBytes bytes and $maxCount fields give $error', ({ error, ...limits }) => {
    const decoder = newDecoder();
    expect(decodeBlock(decoder, block, limits).error).toBe(error);
    expect(tableOf(decoder.table).entries.map(([name]) => name)).toEqual(['ee', 'cc', 'aa']);
  });

  it('never exceed the arrays', () => {
    const many = bytesOf('82'.repeat(MAX_HEADER_COUNT + 1));
    const decoded = decodeBlock(newDecoder(), many, { maxSectionBytes: 50_000, maxCount: 1000 });
    expect([decoded.error, decoded.section.count]).toEqual([HPACK_TOO_LARGE, MAX_HEADER_COUNT]);
  });

  it('never exceed the buffer', () => {
    const section = new FieldSection();
    const out = Buffer.alloc(40);
    const limits = { maxSectionBytes: 1000, maxCount: 10 };
    expect(newDecoder().decode(block, 0, block.length, section, out, 0, limits)).toBe(HPACK_TOO_LARGE);
  });

  it('hold for a bomb: a byte a field, of the largest entry', () => {
    const decoder = newDecoder();
    const value = 'x'.repeat(DEFAULT_TABLE_BYTES - 33);
    const insert = encodeBlock(new HpackEncoder({ admission: 'all' }), [['a', value]]);
    const bomb = Buffer.concat([insert, Buffer.alloc(60_000, 0xbe)]);
    const decoded = decodeBlock(decoder, bomb, { maxSectionBytes: 9000, maxCount: 100 });
    expect([decoded.error, decoded.section.count]).toEqual([HPACK_TOO_LARGE, 2]);
  });

  it('begin anew with each block', () => {
    const decoder = newDecoder();
    expect(decodeBlock(decoder, block, { maxSectionBytes: 100, maxCount: 3 }).error).toBe(HPACK_TOO_LARGE);
    expect(decodeBlock(decoder, bytesOf('be c0'), { maxSectionBytes: 100, maxCount: 3 })).toMatchObject({
      error: 0,
      fields: [
        ['ee', 'f'],
        ['aa', 'b'],
      ],
    });
  });
});
