/** The examples of RFC 7541 appendix C, both ways, and the tables after each step. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_TABLE_BYTES } from './dynamic-table.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { IntegerReader, writeInteger } from './integers.ts';
import { bytesOf, decodeBlock, encodeBlock, type TextField, tableOf } from './testing/blocks.ts';

interface Step {
  readonly plain: string;
  readonly huffman: string;
  readonly fields: readonly TextField[];
  readonly table: readonly TextField[];
  readonly size: number;
}

const GET: readonly TextField[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const authority: TextField = [':authority', 'www.example.com'];
const noCache: TextField = ['cache-control', 'no-cache'];
const custom: TextField = ['custom-key', 'custom-value'];

const requests: readonly Step[] = [
  {
    plain: '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    huffman: '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    fields: GET,
    table: [authority],
    size: 57,
  },
  {
    plain: '8286 84be 5808 6e6f 2d63 6163 6865',
    huffman: '8286 84be 5886 a8eb 1064 9cbf',
    fields: [...GET, noCache],
    table: [noCache, authority],
    size: 110,
  },
  {
    plain: '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    huffman: '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    fields: [[':method', 'GET'], [':scheme', 'https'], [':path', '/index.html'], authority, custom],
    table: [custom, noCache, authority],
    size: 164,
  },
];

const privately: TextField = ['cache-control', 'private'];
const date: TextField = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const later: TextField = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const location: TextField = ['location', 'https://www.example.com'];
const gzip: TextField = ['content-encoding', 'gzip'];
const cookie: TextField = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

/** With a table of 256 bytes, which the second and third step evict from. */
const responses: readonly Step[] = [
  {
    plain:
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32' +
      '3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    huffman:
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad' +
      '1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
    fields: [[':status', '302'], privately, date, location],
    table: [location, date, privately, [':status', '302']],
    size: 222,
  },
  {
    plain: '4803 3330 37c1 c0bf',
    huffman: '4883 640e ffc1 c0bf',
    fields: [[':status', '307'], privately, date, location],
    table: [[':status', '307'], location, date, privately],
    size: 222,
  },
  {
    plain:
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970' +
      '7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61' +
      '6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    huffman:
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2' +
      'e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    fields: [[':status', '200'], privately, later, location, gzip, cookie],
    table: [cookie, gzip, later],
    size: 215,
  },
];

describe('RFC 7541 C.1: integers', () => {
  it.each<[rule: string, value: number, prefix: number, hex: string]>([
    ['C.1.1: 10 with a prefix of 5 bits', 10, 0x1f, '0a'],
    ['C.1.2: 1337 with a prefix of 5 bits', 1337, 0x1f, '1f9a0a'],
    ['C.1.3: 42 at an octet boundary', 42, 0xff, '2a'],
  ])('%s', (_, value, prefix, hex) => {
    const out = Buffer.alloc(8);
    const end = writeInteger(out, 0, 0, prefix, value);
    expect(out.toString('hex', 0, end)).toBe(hex);
    const reader = new IntegerReader();
    expect([reader.read(out, end, prefix), reader.at]).toEqual([value, end]);
  });
});

describe('RFC 7541 C.2: representations', () => {
  it.each<[rule: string, hex: string, field: TextField, table: readonly TextField[]]>([
    [
      'C.2.1: literal with incremental indexing',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
      [['custom-key', 'custom-header']],
    ],
    ['C.2.2: literal without indexing', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], []],
    [
      'C.2.3: literal never indexed',
      '1008 7061 7373 776f 7264 0673 6563 7265 74',
      ['password', 'secret', true],
      [],
    ],
    ['C.2.4: indexed', '82', [':method', 'GET'], []],
  ])('%s', (_, hex, field, table) => {
    const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
    expect(decodeBlock(decoder, bytesOf(hex))).toMatchObject({ error: 0, fields: [field] });
    expect(tableOf(decoder.table).entries).toEqual(table);
    // At first sight a field is not indexed, save where everything is.
    const encoder = new HpackEncoder({ admission: table.length > 0 ? 'all' : 'second-sight' });
    expect(encodeBlock(encoder, [field]).equals(bytesOf(hex))).toBe(true);
    expect(tableOf(encoder.table).entries).toEqual(table);
  });
});

describe.each([
  { rule: 'C.3: requests without Huffman', steps: requests, usesHuffman: false, maxTableBytes: 4096 },
  { rule: 'C.4: requests with Huffman', steps: requests, usesHuffman: true, maxTableBytes: 4096 },
  { rule: 'C.5: responses without Huffman', steps: responses, usesHuffman: false, maxTableBytes: 256 },
  { rule: 'C.6: responses with Huffman', steps: responses, usesHuffman: true, maxTableBytes: 256 },
])('RFC 7541 $rule', ({ steps, usesHuffman, maxTableBytes }) => {
  const hexOf = (step: Step) => (usesHuffman ? step.huffman : step.plain);

  it('decodes, with the table after each step', () => {
    const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
    decoder.table.resize(maxTableBytes);
    for (const step of steps) {
      expect(decodeBlock(decoder, bytesOf(hexOf(step)))).toMatchObject({ error: 0, fields: step.fields });
      expect(tableOf(decoder.table)).toEqual({ entries: step.table, size: step.size });
    }
  });

  it('encodes, with the table after each step', () => {
    const encoder = new HpackEncoder({ usesHuffman, admission: 'all' });
    encoder.table.resize(maxTableBytes);
    for (const step of steps) {
      expect(encodeBlock(encoder, step.fields).toString('hex')).toBe(bytesOf(hexOf(step)).toString('hex'));
      expect(tableOf(encoder.table)).toEqual({ entries: step.table, size: step.size });
    }
  });
});
