import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipv4Text, ipv6Text } from './ip-text.ts';

test('an IPv4 address is read from where it stands', () => {
  expect(ipv4Text(Uint8Array.of(0, 0, 192, 0, 2, 255), 2)).toBe('192.0.2.255');
});

test.each([
  ['::', '0000 0000 0000 0000 0000 0000 0000 0000'],
  ['::1', '0000 0000 0000 0000 0000 0000 0000 0001'],
  ['1::', '0001 0000 0000 0000 0000 0000 0000 0000'],
  ['2001:db8::1', '2001 0db8 0000 0000 0000 0000 0000 0001'],
  ['1:0:2:3:4:5:6:7', '0001 0000 0002 0003 0004 0005 0006 0007'],
  ['1:0:0:2::3', '0001 0000 0000 0002 0000 0000 0000 0003'],
  ['1::2:0:0:3', '0001 0000 0000 0000 0002 0000 0000 0003'],
  ['1::2:0:0:3:4', '0001 0000 0000 0002 0000 0000 0003 0004'],
])('%s', (text, hex) => {
  expect(ipv6Text(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 0)).toBe(text);
});

test('every IPv6 address is written as the URL standard writes it', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Buffer.alloc(16);
      for (const [i, value] of groups.entries()) bytes.writeUInt16BE(value, 2 * i);
      const full = groups.map((value) => value.toString(16)).join(':');
      expect(`[${ipv6Text(bytes, 0)}]`).toBe(new URL(`http://[${full}]/`).hostname);
    }),
  );
});
