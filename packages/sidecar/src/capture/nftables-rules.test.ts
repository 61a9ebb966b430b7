import { expect, test } from 'vitest';
import { captureRules } from './capture-rules.ts';
import { readCaptureSettings } from './capture-settings.ts';
import {
  type Json,
  listedNftObjects,
  nftApplyCommands,
  nftObjects,
  nftRemoveCommands,
} from './nftables-rules.ts';

const settings = readCaptureSettings({
  TULLE_EXCLUDED_INBOUND_PORTS: '9000-9010',
  TULLE_EXCLUDED_OUTBOUND_CIDRS: '10.0.0.0/8,10.96.0.1,fd00::/8',
});

/** `chain: expression, expression` for each rule. */
const shortRules = (objects: readonly Json[]) =>
  (objects as readonly { rule?: { chain: string; expr: readonly Json[] } }[]).flatMap(({ rule }) =>
    rule === undefined ? [] : [`${rule.chain}: ${rule.expr.map((each) => JSON.stringify(each)).join(' ')}`],
  );
const equal = (left: string, right: string) => `{"match":{"op":"==","left":${left},"right":${right}}}`;
const tcp = equal('{"meta":{"key":"l4proto"}}', '"tcp"');
const port = '{"payload":{"protocol":"tcp","field":"dport"}}';
const toIp4 = '{"payload":{"protocol":"ip","field":"daddr"}}';

test('the rules say what those of iptables say', () => {
  const rules = shortRules(nftObjects(captureRules(settings, 4), 4));
  expect(rules.slice(0, 12)).toEqual([
    `inbound: ${equal(port, '15000')} {"return":null}`,
    `inbound: ${equal(port, '15020')} {"return":null}`,
    `inbound: ${equal(port, '15006')} {"return":null}`,
    `inbound: ${equal(port, '{"range":[9000,9010]}')} {"return":null}`,
    `inbound: ${tcp} {"redirect":{"port":15006}}`,
    `outbound: ${equal('{"meta":{"key":"skuid"}}', '1337')} {"return":null}`,
    `outbound: ${equal('{"meta":{"key":"skgid"}}', '1337')} {"return":null}`,
    `outbound: ${equal(toIp4, '"192.0.2.2"')} {"jump":{"target":"inbound"}}`,
    `outbound: ${equal('{"meta":{"key":"oifname"}}', '"lo"')} {"return":null}`,
    `outbound: ${equal(toIp4, '{"prefix":{"addr":"10.0.0.0","len":8}}')} {"return":null}`,
    `outbound: ${equal(toIp4, '"10.96.0.1"')} {"return":null}`,
    `outbound: ${tcp} {"redirect":{"port":15001}}`,
  ]);
});

test('each family has a table and blocks of its own', () => {
  const text = JSON.stringify(nftObjects(captureRules(settings, 6), 6));
  expect(text).toContain('{"table":{"family":"ip6","name":"tulle"}}');
  expect(text).toContain('"protocol":"ip6"');
  expect(text).toContain('{"prefix":{"addr":"fd00::","len":8}}');
  expect(text).not.toContain('10.0.0.0');
});

test('to apply is to replace the table in one transaction', () => {
  const { nftables } = nftApplyCommands(captureRules(settings, 4), 4) as { nftables: readonly Json[] };
  const table = { table: { family: 'ip', name: 'tulle' } };
  expect(nftables.slice(0, 3)).toEqual([{ add: table }, { delete: table }, { add: table }]);
  expect(nftRemoveCommands(4)).toEqual({ nftables: [{ add: table }, { delete: table }] });
});

test('the most that settings can list fits into one argument', () => {
  const many = (item: (i: number) => string) => Array.from({ length: 128 }, (_, i) => item(i)).join(',');
  const large = readCaptureSettings({
    TULLE_EXCLUDED_INBOUND_PORTS: many((i) => `${20_000 + 10 * i}-${20_005 + 10 * i}`),
    TULLE_EXCLUDED_OUTBOUND_PORTS: many((i) => `${20_000 + 10 * i}-${20_005 + 10 * i}`),
    TULLE_EXCLUDED_OUTBOUND_CIDRS: many(
      (i) => `fdff:ffff:ffff:ffff:ffff:ffff:ffff:${(0x1000 + i).toString(16)}/127`,
    ),
    TULLE_INCLUDED_OUTBOUND_CIDRS: many(
      (i) => `fdff:ffff:ffff:ffff:ffff:ffff:ffff:${(0x1000 + i).toString(16)}/127`,
    ),
  });
  const text = JSON.stringify(nftApplyCommands(captureRules(large, 6), 6));
  // MAX_ARG_STRLEN of Linux.
  expect(Buffer.byteLength(text)).toBeLessThan(131_072);
});

test('a listing is compared without its handles', () => {
  const objects = nftObjects(captureRules(settings, 4), 4) as readonly Record<string, Record<string, Json>>[];
  const listing = objects.map((object, handle) =>
    Object.fromEntries(Object.entries(object).map(([kind, fields]) => [kind, { ...fields, handle }])),
  );
  const listed = listedNftObjects(
    JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...listing] }),
  );
  expect(listed).toEqual(objects);
});
