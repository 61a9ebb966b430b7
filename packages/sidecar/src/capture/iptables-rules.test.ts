import { expect, test } from 'vitest';
import { captureRules } from './capture-rules.ts';
import { readCaptureSettings } from './capture-settings.ts';
import {
  foreignIptablesRules,
  iptablesApplyText,
  iptablesRemoveText,
  iptablesRules,
  ownIptablesRules,
} from './iptables-rules.ts';

const settings = readCaptureSettings({
  TULLE_EXCLUDED_INBOUND_PORTS: '9000-9010',
  TULLE_EXCLUDED_OUTBOUND_PORTS: '5432',
  TULLE_EXCLUDED_OUTBOUND_CIDRS: '10.0.0.0/8,fd00::/8',
});
const entry = '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN';
const others = [
  '*nat',
  ':PREROUTING ACCEPT [0:0]',
  ':OUTPUT ACCEPT [1:60]',
  ':DOCKER_OUTPUT - [0:0]',
  '-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT',
  'COMMIT',
];

test('the rules, as iptables-save prints them', () => {
  expect(iptablesRules(captureRules(settings, 4))).toEqual([
    `-A PREROUTING ${entry} -m addrtype --dst-type LOCAL -j TULLE_INBOUND`,
    `-A OUTPUT ${entry} -j TULLE_OUTBOUND`,
    '-A TULLE_INBOUND -p tcp -m tcp --dport 15000 -j RETURN',
    '-A TULLE_INBOUND -p tcp -m tcp --dport 15020 -j RETURN',
    '-A TULLE_INBOUND -p tcp -m tcp --dport 15006 -j RETURN',
    '-A TULLE_INBOUND -p tcp -m tcp --dport 9000:9010 -j RETURN',
    '-A TULLE_INBOUND -p tcp -j REDIRECT --to-ports 15006',
    '-A TULLE_OUTBOUND -m owner --uid-owner 1337 -j RETURN',
    '-A TULLE_OUTBOUND -m owner --gid-owner 1337 -j RETURN',
    '-A TULLE_OUTBOUND -d 192.0.2.2/32 -j TULLE_INBOUND',
    '-A TULLE_OUTBOUND -o lo -j RETURN',
    '-A TULLE_OUTBOUND -p tcp -m tcp --dport 5432 -j RETURN',
    '-A TULLE_OUTBOUND -d 10.0.0.0/8 -j RETURN',
    '-A TULLE_OUTBOUND -p tcp -j REDIRECT --to-ports 15001',
  ]);
});

test('each family has the blocks that are its own', () => {
  const lines = iptablesRules(captureRules(settings, 6)).join('\n');
  expect(lines).toContain('-d fd00::/8 -j RETURN');
  expect(lines).toContain('-d 2001:db8::2/128 -j TULLE_INBOUND');
  expect(lines).not.toContain('10.0.0.0');
});

test('where destinations are included, the rest is not captured, and nothing of a family without any', () => {
  const included = readCaptureSettings({ TULLE_INCLUDED_OUTBOUND_CIDRS: '10.1.0.0/16' });
  const redirects = (family: 4 | 6) =>
    iptablesRules(captureRules(included, family)).filter((line) => line.includes('--to-ports 15001'));
  expect(redirects(4)).toEqual(['-A TULLE_OUTBOUND -d 10.1.0.0/16 -p tcp -j REDIRECT --to-ports 15001']);
  expect(redirects(6)).toEqual([]);
});

test('a block of all addresses has no match, as iptables-save prints none', () => {
  const all = readCaptureSettings({ TULLE_EXCLUDED_OUTBOUND_CIDRS: '0.0.0.0/0' });
  expect(iptablesRules(captureRules(all, 4))).toContain('-A TULLE_OUTBOUND -j RETURN');
});

test('what stands of ours is replaced, doubled jumps and chains of another version too', () => {
  const saved = [
    ':TULLE_OUTBOUND - [0:0]',
    ':TULLE_OLD - [0:0]',
    '-A OUTPUT -p tcp -j TULLE_OUTBOUND',
    '-A OUTPUT -p tcp -j TULLE_OUTBOUND',
    '-A TULLE_OUTBOUND -j TULLE_OLD',
    ...others,
  ].join('\n');
  const text = iptablesApplyText(captureRules(settings, 4), saved);
  expect(text.split('\n').slice(0, 9)).toEqual([
    '*nat',
    ':TULLE_INBOUND - [0:0]',
    ':TULLE_OUTBOUND - [0:0]',
    ':TULLE_OLD - [0:0]',
    '-D OUTPUT -p tcp -j TULLE_OUTBOUND',
    '-D OUTPUT -p tcp -j TULLE_OUTBOUND',
    '-X TULLE_OLD',
    `-I PREROUTING 1 ${entry} -m addrtype --dst-type LOCAL -j TULLE_INBOUND`,
    `-I OUTPUT 1 ${entry} -j TULLE_OUTBOUND`,
  ]);
  expect(text.endsWith('COMMIT\n')).toBe(true);
  expect(text).not.toContain('DOCKER');
});

test('clean-up takes ours and no other', () => {
  const saved = [':TULLE_OUTBOUND - [0:0]', '-A OUTPUT -p tcp -j TULLE_OUTBOUND', ...others].join('\n');
  expect(iptablesRemoveText(saved)).toBe(
    '*nat\n:TULLE_OUTBOUND - [0:0]\n-D OUTPUT -p tcp -j TULLE_OUTBOUND\n-X TULLE_OUTBOUND\nCOMMIT\n',
  );
  expect(iptablesRemoveText(others.join('\n'))).toBeNull();
});

test('ours are told from those of others', () => {
  const saved = ['-A OUTPUT -p tcp -j TULLE_OUTBOUND', '-A TULLE_OUTBOUND -o lo -j RETURN', ...others].join(
    '\n',
  );
  expect(ownIptablesRules(saved)).toHaveLength(2);
  expect(foreignIptablesRules(saved)).toEqual(['-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT']);
});
