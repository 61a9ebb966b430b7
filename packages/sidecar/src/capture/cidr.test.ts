import { expect, test } from 'vitest';
import { cidrText, isWithin, parseCidr } from './cidr.ts';

test.each([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['192.168.255.255/17', '192.168.128.0/17'],
  ['10.96.0.1', '10.96.0.1/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['fd00::/8', 'fd00::/8'],
  ['FD00:0:0:1::ffff/64', 'fd00:0:0:1::/64'],
  ['fdff:ffff::/9', 'fd80::/9'],
  ['2001:db8::1', '2001:db8::1/128'],
  ['::ffff:10.0.0.1', '::ffff:a00:1/128'],
  ['::/0', '::/0'],
])('%s is %s', (text, canonical) => {
  const cidr = parseCidr(text);
  expect(cidr === null ? null : cidrText(cidr)).toBe(canonical);
});

test.each([
  '',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0/8',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  '10.0.0.0/1e1',
  'fd00::/129',
  'fe80::1%eth0',
  'shop',
  '010.0.0.1',
])('"%s" is none', (text) => expect(parseCidr(text)).toBeNull());

test('an address lies within its block, and in none of the other family', () => {
  expect(isWithin(parseCidr('10.0.0.0/8')!, '10.200.1.1')).toBe(true);
  expect(isWithin(parseCidr('10.0.0.0/8')!, '11.0.0.1')).toBe(false);
  expect(isWithin(parseCidr('2001:db8::/32')!, '2001:db8:1::1')).toBe(true);
  expect(isWithin(parseCidr('::/0')!, '10.0.0.1')).toBe(false);
});
