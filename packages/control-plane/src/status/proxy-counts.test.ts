import { describe, expect, it } from 'vitest';
import { HeldVersions, holdingsOf } from '../discovery/held-versions.ts';
import { MeshSnapshot } from '../snapshot/mesh-snapshot.ts';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';
import { addCounts, countProxies, noProxies } from './proxy-counts.ts';

const entry = (kind: 'routes' | 'workload', name: string, version: string) =>
  ({ kind, name, version, aliases: [], resource: {} }) as unknown as SnapshotEntry<'routes'>;

function snapshotOf(routes: Record<string, SnapshotEntry<'routes'> | [string, SnapshotEntry<'routes'>][]>) {
  const entries = new Map(
    Object.entries(routes).map(([name, value]) => {
      const variants = Array.isArray(value) ? value : [];
      const producer = Array.isArray(value) ? (new Map(variants).get('') ?? null) : value;
      const byClientNamespace = new Map(variants.filter(([namespace]) => namespace !== ''));
      return [name, { producer, byClientNamespace }];
    }),
  );
  const none = new Map();
  return new MeshSnapshot(1, {
    service: none,
    peer: none,
    endpoints: none,
    workload: none,
    trustBundle: none,
    routes: entries,
  });
}

const producer = (...names: string[]) => ({ kind: 'routes', names, clientNamespace: null }) as const;

function proxy(held: HeldVersions, workload: string) {
  const namespace = workload.split('/')[0]!;
  return holdingsOf(held, 'routes', { namespace, serviceAccount: 'default', workload });
}

describe('countProxies', () => {
  const one = entry('routes', 'shop/a:80', '1');
  const two = entry('routes', 'shop/a:80', '2');

  it('tells who took, who rejected and who has not answered', () => {
    const held = new HeldVersions();
    for (const [workload, version] of [
      ['shop/w1', one],
      ['shop/w2', two],
      ['shop/w3', null],
    ] as const) {
      const holdings = proxy(held, workload);
      holdings.sent([two]);
      if (version !== null) holdings.taken([version]);
    }
    const rejecting = proxy(held, 'shop/w4');
    rejecting.sent([one]);
    rejecting.taken([one]);
    rejecting.refused([two], 'rules[0]: bad');
    expect(countProxies(held, snapshotOf({ 'shop/a:80': two }), producer('shop/a:80'))).toEqual({
      proxies: 4,
      inForce: 1,
      rejected: 1,
      firstRejection: { node: 'shop/w4', reason: 'rules[0]: bad' },
    });
  });

  it('counts a rejection of the present version alone: an earlier one is over when another is on its way', () => {
    const held = new HeldVersions();
    const holdings = proxy(held, 'shop/w1');
    holdings.sent([one]);
    holdings.refused([one], 'bad');
    const counts = countProxies(held, snapshotOf({ 'shop/a:80': two }), producer('shop/a:80'));
    expect(counts).toEqual({ ...noProxies, proxies: 1 });
  });

  it('counts a proxy once, in force only with all tables that it uses', () => {
    const held = new HeldVersions();
    const other = entry('routes', 'shop/a:81', '1');
    const both = proxy(held, 'shop/both');
    both.sent([two, other]);
    both.taken([two]);
    const second = proxy(held, 'shop/second');
    second.sent([other]);
    second.taken([other]);
    const snapshot = snapshotOf({ 'shop/a:80': two, 'shop/a:81': other });
    expect(countProxies(held, snapshot, producer('shop/a:80', 'shop/a:81'))).toMatchObject({
      proxies: 2,
      inForce: 1,
      rejected: 0,
    });
  });

  it("counts for a producer's routes only clients that see them, and for a consumer's only its own", () => {
    const held = new HeldVersions();
    const own = entry('routes', 'shop/a:80', 'consumer');
    const inShop = proxy(held, 'shop/w1');
    inShop.sent([two]);
    inShop.taken([two]);
    const inClient = proxy(held, 'client/w1');
    inClient.sent([own]);
    const snapshot = snapshotOf({
      'shop/a:80': [
        ['', two],
        ['client', own],
      ],
    });
    expect(countProxies(held, snapshot, producer('shop/a:80'))).toMatchObject({ proxies: 1, inForce: 1 });
    const consumer = { kind: 'routes', names: ['shop/a:80'], clientNamespace: 'client' } as const;
    expect(countProxies(held, snapshot, consumer)).toMatchObject({ proxies: 1, inForce: 0 });
  });

  it('takes the newer of two streams of one proxy', () => {
    const held = new HeldVersions();
    const stale = proxy(held, 'shop/w1');
    stale.sent([one]);
    stale.taken([one]);
    const fresh = proxy(held, 'shop/w1');
    fresh.sent([two]);
    fresh.taken([two]);
    const snapshot = snapshotOf({ 'shop/a:80': two });
    expect(countProxies(held, snapshot, producer('shop/a:80'))).toMatchObject({ proxies: 1, inForce: 1 });
    fresh.clear();
    expect(countProxies(held, snapshot, producer('shop/a:80'))).toMatchObject({ proxies: 1, inForce: 0 });
  });
});

describe('addCounts', () => {
  it('names the same rejection whichever replica answers first', () => {
    const a = { proxies: 1, inForce: 0, rejected: 1, firstRejection: { node: 'n/b', reason: 'x' } };
    const b = { proxies: 2, inForce: 1, rejected: 1, firstRejection: { node: 'n/a', reason: 'y' } };
    expect(addCounts(a, b)).toEqual(addCounts(b, a));
    expect(addCounts(a, b)).toEqual({
      proxies: 3,
      inForce: 1,
      rejected: 2,
      firstRejection: { node: 'n/a', reason: 'y' },
    });
  });
});
