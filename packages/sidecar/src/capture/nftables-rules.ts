/** The rules in libnftables' JSON (libnftables-json(5)), for `nft -j -f -`: one table a family, all of it ours. */
import { assertNever } from '@tulle/model';
import type { CaptureMatch, CaptureRule, CaptureRules, CaptureVerdict } from './capture-rules.ts';
import type { AddressFamily } from './cidr.ts';

export type Json = null | number | string | readonly Json[] | { readonly [key: string]: Json };

export const nftTable = 'tulle';
/** Before others' rules, which stand at -100: the first to translate a connection decides. */
const priority = -101;

const families = { 4: 'ip', 6: 'ip6' } as const;

const firstPacket = match({ '&': [payload('tcp', 'flags'), ['fin', 'syn', 'rst', 'ack']] }, 'syn');
/** What is routed through the pod, to a virtual machine or a nested container, is not the application's. */
const toOwnAddress = match({ fib: { result: 'type', flags: ['daddr'] } }, 'local');

/** The contents of the table, as `nft -j list table` prints them but for handles. */
export function nftObjects(rules: CaptureRules, family: AddressFamily): readonly Json[] {
  const ofTable = { family: families[family], table: nftTable };
  const chain = (name: string) => ({ chain: { ...ofTable, name } });
  const hooked = (name: string) => ({
    chain: { ...ofTable, name, type: 'nat', hook: name, prio: priority, policy: 'accept' },
  });
  const rule = (name: string, expr: readonly Json[]) => ({ rule: { ...ofTable, chain: name, expr } });
  return [
    { table: { family: families[family], name: nftTable } },
    chain('inbound'),
    chain('outbound'),
    hooked('prerouting'),
    hooked('output'),
    ...rules.inbound.map((each) => rule('inbound', expressions(each, family))),
    ...rules.outbound.map((each) => rule('outbound', expressions(each, family))),
    rule('prerouting', [firstPacket, toOwnAddress, jump('inbound')]),
    rule('output', [firstPacket, jump('outbound')]),
  ];
}

/** One transaction that replaces the table, whether it stood or not. */
export function nftApplyCommands(rules: CaptureRules, family: AddressFamily): Json {
  const added = nftObjects(rules, family).map((object) => ({ add: object }));
  return { nftables: [...removal(family), ...added] };
}

export function nftRemoveCommands(family: AddressFamily): Json {
  return { nftables: removal(family) };
}

/** The table's objects out of `nft -j list table`, for comparison with nftObjects(). */
export function listedNftObjects(listing: string): readonly Json[] {
  const { nftables } = JSON.parse(listing) as { nftables: readonly Record<string, Record<string, Json>>[] };
  return nftables
    .filter((object) => object.metainfo === undefined)
    .map((object) =>
      Object.fromEntries(
        Object.entries(object).map(([kind, { handle: _handle, ...fields }]) => [kind, fields] as const),
      ),
    );
}

/** The first makes sure that there is one to delete. */
function removal(family: AddressFamily): readonly Json[] {
  const table = { table: { family: families[family], name: nftTable } };
  return [{ add: table }, { delete: table }];
}

function expressions({ match: on, verdict }: CaptureRule, family: AddressFamily): readonly Json[] {
  const matches = matchExpressions(on, family);
  const isTcp = on.on === 'destination-ports';
  // A redirect has to see for itself that it is of TCP.
  if (verdict.do === 'redirect' && !isTcp) matches.push(match({ meta: { key: 'l4proto' } }, 'tcp'));
  return [...matches, verdictExpression(verdict)];
}

function matchExpressions(on: CaptureMatch, family: AddressFamily): Json[] {
  switch (on.on) {
    case 'owner-uid':
      return [match({ meta: { key: 'skuid' } }, on.id)];
    case 'owner-gid':
      return [match({ meta: { key: 'skgid' } }, on.id)];
    case 'destination': {
      const { address, prefixLength } = on.cidr;
      if (prefixLength === 0) return [];
      const isHost = prefixLength === (family === 4 ? 32 : 128);
      const right = isHost ? address : { prefix: { addr: address, len: prefixLength } };
      return [match(payload(families[family], 'daddr'), right)];
    }
    case 'destination-ports': {
      const { first, last } = on.ports;
      return [match(payload('tcp', 'dport'), first === last ? first : { range: [first, last] })];
    }
    case 'loopback-interface':
      return [match({ meta: { key: 'oifname' } }, 'lo')];
    case 'all':
      return [];
    default:
      return assertNever(on);
  }
}

function verdictExpression(verdict: CaptureVerdict): Json {
  switch (verdict.do) {
    case 'return':
      return { return: null };
    case 'enter-inbound':
      return jump('inbound');
    case 'redirect':
      return { redirect: { port: verdict.port } };
    default:
      return assertNever(verdict);
  }
}

function match(left: Json, right: Json): Json {
  return { match: { op: '==', left, right } };
}

function payload(protocol: string, field: string): Json {
  return { payload: { protocol, field } };
}

function jump(target: string): Json {
  return { jump: { target } };
}
