import { describe, expect, it } from 'vitest';
import { DEFAULT_TABLE_BYTES } from './dynamic-table.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { decodeBlock, encodeBlock, type TextField, tableOf } from './testing/blocks.ts';

const hexOf = (encoder: HpackEncoder, fields: readonly TextField[]) =>
  encodeBlock(encoder, fields).toString('hex');
const NEVER_INDEXED = 0x10;

describe('second sight', () => {
  const field: TextField = ['x-tenant', 'blue'];

  it('inserts what comes again, and then needs a byte', () => {
    const encoder = new HpackEncoder();
    const first = hexOf(encoder, [field]);
    expect([first.slice(0, 2), encoder.table.count]).toEqual(['00', 0]);
    const second = hexOf(encoder, [field]);
    expect([second.slice(0, 2), encoder.table.count]).toEqual(['40', 1]);
    expect(hexOf(encoder, [field])).toBe('be');
    expect(hexOf(encoder, [['X-Tenant', 'blue']])).toBe('be');
  });

  it('keeps ids out, however many come', () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 3; i++) encodeBlock(encoder, [field]);
    for (let i = 0; i < 1000; i++) encodeBlock(encoder, [['traceparent', `00-${i}-01`], field]);
    expect(tableOf(encoder.table).entries).toEqual([field]);
  });

  it('takes what would not fit the table for what it is', () => {
    const encoder = new HpackEncoder({ maxTableBytes: 64 });
    const large: TextField = ['x', 'y'.repeat(32)];
    for (let i = 0; i < 3; i++) encodeBlock(encoder, [large, ['x', 'y']]);
    expect(tableOf(encoder.table).entries).toEqual([['x', 'y']]);
  });

  it('needs no dynamic table for what the static one has', () => {
    const encoder = new HpackEncoder();
    expect(
      hexOf(encoder, [
        ['Accept-Encoding', 'gzip, deflate'],
        [':path', '/index.html'],
        [':status', '404'],
      ]),
    ).toBe('90858d');
  });
});

describe('RFC 7541 7.1.3: never indexed', () => {
  it.each<[name: string, value: string, isSensitive?: boolean]>([
    ['authorization', 'Bearer of a token that is quite long'],
    ['Proxy-Authorization', 'Basic x'],
    ['set-cookie', 'session=0123456789abcdef0123456789abcdef'],
    ['cookie', 'a=1234567890123456x'],
    ['x-own', 'secret', true],
  ])('%s: %s', (name, value, isSensitive = false) => {
    const encoder = new HpackEncoder();
    const field: TextField = [name, value, isSensitive];
    for (let i = 0; i < 3; i++) expect(encodeBlock(encoder, [field])[0]! & 0xf0).toBe(NEVER_INDEXED);
    expect(encoder.table.count).toBe(0);
  });

  it('holds for a field that was indexed before it was sensitive', () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 3; i++) encodeBlock(encoder, [['x-own', 'a']]);
    expect(encodeBlock(encoder, [['x-own', 'a', true]])[0]! & 0xf0).toBe(NEVER_INDEXED);
  });

  it('lets a long cookie in, which is cheap to send again and hard to guess', () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 2; i++) encodeBlock(encoder, [['cookie', 'a=123456789012345678']]);
    expect(encoder.table.count).toBe(1);
  });
});

describe('RFC 7541 4.2: the peer’s table size', () => {
  it.each<[what: string, maxTableBytes: number, settings: readonly number[], hex: string]>([
    ['the default: nothing', 4096, [], ''],
    ['the default said: nothing', 4096, [4096], ''],
    ['larger than we use: nothing', 4096, [65_536], ''],
    ['smaller: an update', 4096, [100], '3f45'],
    ['none', 4096, [0], '20'],
    ['smaller, then larger: the smallest and the last', 4096, [0, 4096], '203fe11f'],
    ['twice smaller: the last', 4096, [200, 100], '3f45'],
    ['up and down: the smallest and the last', 4096, [100, 30, 200, 100], '3e3f45'],
    ['larger, as we use: an update', 8192, [8192], '3fe13f'],
    ['we use less than the default: an update', 100, [], '3f45'],
    ['we use less, and the peer allows more', 100, [65_536], '3f45'],
  ])('%s', (_, maxTableBytes, settings, hex) => {
    const encoder = new HpackEncoder({ maxTableBytes });
    for (const bytes of settings) encoder.setMaxTableBytes(bytes);
    expect(hexOf(encoder, [])).toBe(hex);
    expect(hexOf(encoder, [])).toBe('');
  });

  it('evicts at the peer’s as here', () => {
    const encoder = new HpackEncoder({ admission: 'all' });
    const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
    decodeBlock(
      decoder,
      encodeBlock(encoder, [
        ['a', '1'],
        ['b', '2'],
      ]),
    );
    encoder.setMaxTableBytes(40);
    encoder.setMaxTableBytes(4096);
    decodeBlock(decoder, encodeBlock(encoder, []));
    expect(tableOf(decoder.table)).toEqual({ entries: [['b', '2']], size: 34 });
    expect(tableOf(encoder.table)).toEqual(tableOf(decoder.table));
  });
});

it('survives the wrap of the entry numbers', () => {
  const encoder = new HpackEncoder({ admission: 'all' });
  const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
  encoder.table.inserted = decoder.table.inserted = 0x7fff_fff0;
  for (let i = 0; i < 100; i++) {
    const fields: TextField[] = [
      ['x', `${i}`],
      ['x', `${i - 1}`],
      ['y', 'z'],
    ];
    expect(decodeBlock(decoder, encodeBlock(encoder, fields)).fields).toEqual(fields);
  }
  expect(encodeBlock(encoder, [['y', 'z']]).length).toBeLessThanOrEqual(2);
});
