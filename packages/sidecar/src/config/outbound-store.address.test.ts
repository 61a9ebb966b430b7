import type { Peer } from '@tulle/model';
import { MetricsRegistry, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { outboundStoreMetrics } from '../control-metrics.ts';
import type { OutboundLookup, UpstreamEndpoint } from './mesh-view.ts';
import { type OutboundLimits, OutboundStore } from './outbound-store.ts';
import { endpoints, FakeSource, service, workload } from './testing/fake-source.ts';

let clock: FakeClock;
let source: FakeSource;
let store: OutboundStore;

async function startStore(limits: Partial<OutboundLimits> = {}): Promise<void> {
  clock = new FakeClock();
  source = new FakeSource();
  store = new OutboundStore({
    source,
    workload: { namespace: 'bookshop', name: 'web-0' },
    waitMs: 5_000,
    clock,
    metrics: outboundStoreMetrics(new MetricsRegistry()),
    logger: silentLogger,
    limits,
  });
  await store.start();
}

beforeEach(() => startStore());

const identity = { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: 'reviews' };
const spiffeId = 'spiffe://cluster.local/ns/bookshop/sa/reviews';
const captured = { kind: 'mtls', identity, meshPort: null } as const;

function peer(address: string, changes: Partial<Peer> = {}): Peer {
  return {
    namespace: 'bookshop',
    name: `reviews-${address}`,
    owner: 'reviews',
    addresses: [address],
    transport: captured,
    ports: [
      { port: 9080, protocol: 'grpc', services: ['bookshop/reviews:80'], transport: captured },
      { port: 9090, protocol: 'tcp', services: [], transport: { kind: 'plain' } },
    ],
    ...changes,
  };
}

/** Asks and waits; the array gets the answer. */
function ask(address: string, port: number): OutboundLookup[] {
  const answers: OutboundLookup[] = [];
  const lookup = store.lookupAddress(address, port);
  if (lookup.kind === 'pending') lookup.wait((answer) => answers.push(answer));
  else answers.push(lookup);
  return answers;
}

function makeOutside(address: string): void {
  ask(address, 443);
  source.answer('service', address, null);
  source.answer('peer', address, null);
}

function makePeer(address: string, changes: Partial<Peer> = {}): void {
  ask(address, 9080);
  source.answer('service', address, null);
  source.answer('peer', address, peer(address, changes));
}

function cluster(address: string, port: number) {
  const lookup = store.lookupAddress(address, port);
  if (lookup.kind !== 'found') throw new Error(`${address}:${port}: ${lookup.kind}`);
  return lookup.port.cluster;
}

const endpointAt = (address: string, port: number): UpstreamEndpoint => cluster(address, port).endpoints[0]!;

describe('a virtual IP', () => {
  it('finds its service, asked for as service and as pod at once', () => {
    const answers = ask('10.96.0.1', 80);
    expect(source.watched).toEqual(['peer 10.96.0.1', 'service 10.96.0.1', 'workload bookshop/web-0']);
    source.answer('service', '10.96.0.1', service('catalog'));
    source.answer('routes', 'bookshop/catalog:80', null);
    source.answer('endpoints', 'bookshop/catalog:80', endpoints('catalog', ['10.1.0.1']));
    expect(answers).toMatchObject([{ kind: 'found', port: { cluster: { name: 'bookshop/catalog:80' } } }]);
    expect(store.lookupAddress('::ffff:10.96.0.1', 80)).toBe(answers[0]);
  });

  it('without such a port names those that there are', () => {
    const answers = ask('10.96.0.1', 81);
    source.answer('service', '10.96.0.1', service('catalog', [80, 443]));
    expect(answers).toEqual([{ kind: 'unknown-port', known: [80, 443] }]);
  });
});

describe("a pod's address", () => {
  it('finds exactly that pod, with its identity, protocol and owner, at its own port', () => {
    const answers = ask('10.1.0.1', 9080);
    source.answer('peer', '10.1.0.1', peer('10.1.0.1'));
    const endpoint = {
      key: '10.1.0.1:9080',
      address: '10.1.0.1',
      port: 9080,
      workload: 'bookshop/reviews-10.1.0.1',
      owner: 'reviews',
      mesh: { spiffeId, port: 9080 },
    };
    const name = 'bookshop/reviews-10.1.0.1:9080';
    expect(answers).toEqual([
      {
        kind: 'found',
        port: {
          rules: null,
          cluster: {
            name,
            namespace: 'bookshop',
            service: '',
            port: 9080,
            protocol: 'grpc',
            endpoints: [endpoint],
          },
        },
      },
    ]);
    expect(store.lookupAddress('10.1.0.1', 9080)).toBe(answers[0]);
  });

  it('is spoken to in plain on a port that has no mutual TLS, and as the pod says on others', () => {
    makePeer('10.1.0.1');
    expect(endpointAt('10.1.0.1', 9090).mesh).toBeNull();
    expect(endpointAt('10.1.0.1', 22).mesh).toEqual({ spiffeId, port: 22 });
    expect(cluster('10.1.0.1', 22).protocol).toBe('detect');
  });

  it('is dialled at its mesh port in explicit mode, also by its authority', () => {
    makePeer('10.1.0.1', { ports: [], transport: { kind: 'mtls', identity, meshPort: 15_006 } });
    expect(endpointAt('10.1.0.1', 9080).mesh).toEqual({ spiffeId, port: 15_006 });
    expect(store.lookup('10.1.0.1:9080')).toBe(store.lookupAddress('10.1.0.1', 9080));
  });

  it('keeps its cluster as the pod changes, and its endpoint where that stays the same', () => {
    makePeer('10.1.0.1');
    const before = cluster('10.1.0.1', 9080);
    const [endpoint] = before.endpoints;
    source.answer('peer', '10.1.0.1', peer('10.1.0.1', { ports: [] }));
    expect(cluster('10.1.0.1', 9080)).toBe(before);
    expect(before.endpoints).toEqual([endpoint]);
    expect(before.endpoints[0]).toBe(endpoint);
    source.answer('peer', '10.1.0.1', peer('10.1.0.1', { ports: [], transport: { kind: 'plain' } }));
    expect(endpointAt('10.1.0.1', 9080).mesh).toBeNull();
  });

  it("is another pod's when that one has got it, also for spellings that were seen", () => {
    makePeer('10.1.0.1');
    expect(store.lookup('10.1.0.1:9080').kind).toBe('found');
    source.answer('peer', '10.1.0.1', peer('10.1.0.1', { name: 'orders-0', owner: 'orders' }));
    expect(store.lookup('10.1.0.1:9080')).toMatchObject({
      port: { cluster: { name: 'bookshop/orders-0:9080' } },
    });
    source.answer('peer', '10.1.0.1', null);
    expect(store.lookup('10.1.0.1:9080')).toEqual({ kind: 'outside' });
  });

  it('gives up the port first used beyond the bound', () => {
    startStore({ maxPortsPerPod: 2 });
    makePeer('10.1.0.1');
    const first = cluster('10.1.0.1', 9080);
    cluster('10.1.0.1', 1);
    cluster('10.1.0.1', 2);
    expect(cluster('10.1.0.1', 9080)).not.toBe(first);
  });
});

describe('a pod that calls itself', () => {
  const own = (addresses: readonly string[]) =>
    source.answer('workload', 'bookshop/web-0', workload({ addresses }));

  it('meets its application in plain, whichever is known first', () => {
    makePeer('10.1.0.1');
    ask('10.96.0.1', 80);
    source.answer('service', '10.96.0.1', service('catalog'));
    source.answer('routes', 'bookshop/catalog:80', null);
    const set = endpoints('catalog', ['10.1.0.1', '10.1.0.2']);
    const list = set.endpoints.map((endpoint) => ({ ...endpoint, transport: captured }));
    source.answer('endpoints', 'bookshop/catalog:80', { ...set, endpoints: list });
    own(['10.1.0.1', 'fd00::1']);
    expect(endpointAt('10.1.0.1', 9080).mesh).toBeNull();
    const meshed = () => cluster('10.96.0.1', 80).endpoints.map(({ mesh }) => mesh !== null);
    expect(meshed()).toEqual([false, true]);
    own(['10.1.0.2']);
    expect(meshed()).toEqual([true, false]);
  });

  it('in explicit mode goes through its sidecar as anybody else', () => {
    own(['10.1.0.1']);
    makePeer('10.1.0.1', { ports: [], transport: { kind: 'mtls', identity, meshPort: 15_006 } });
    expect(endpointAt('10.1.0.1', 9080).mesh).not.toBeNull();
  });
});

describe('an address outside of the mesh', () => {
  it('is known to be outside when it is neither a service nor a pod, and found once it is one', () => {
    const answers = ask('192.0.2.1', 443);
    source.answer('peer', '192.0.2.1', null);
    expect(answers).toEqual([]);
    source.answer('service', '192.0.2.1', null);
    expect(answers).toEqual([{ kind: 'outside' }]);
    expect(store.lookupAddress('192.0.2.1', 80)).toBe(answers[0]);
    source.answer('peer', '192.0.2.1', peer('192.0.2.1'));
    expect(cluster('192.0.2.1', 80).endpoints).toHaveLength(1);
  });

  it('waits for discovery, bounded', () => {
    const answers = ask('192.0.2.1', 443);
    clock.advance(5_000);
    expect(answers).toEqual([{ kind: 'timeout' }]);
  });

  it('gives way to new ones and never to the mesh: thousands pass, and leave what is used alone', async () => {
    await startStore({ maxHosts: 100 });
    makePeer('10.1.0.1');
    const used = cluster('10.1.0.1', 9080);
    for (let number = 0; number < 5_000; number++) {
      const address = `203.0.${number >> 8}.${number & 255}`;
      makeOutside(address);
      expect(store.lookupAddress(address, 443)).toEqual({ kind: 'outside' });
    }
    expect(cluster('10.1.0.1', 9080)).toBe(used);
    expect(source.watched.length).toBeLessThanOrEqual(2 * 100 + 1);
  });

  it('is refused an answer, not called outside, where all that is held is in use', async () => {
    await startStore({ maxHosts: 1 });
    makePeer('10.1.0.1');
    expect(store.lookupAddress('192.0.2.1', 443)).toEqual({ kind: 'timeout' });
  });

  it('is dropped when nobody asks for it', () => {
    makeOutside('192.0.2.1');
    clock.advance(660_000 + 30_000);
    expect(source.watched).toEqual(['workload bookshop/web-0']);
  });

  it('is allowed or refused as the own workload says, which stays when that is gone', () => {
    expect(store.unknownDestinations).toBe('allow');
    const own = workload({ outbound: { unknownDestinations: 'refuse' } });
    source.answer('workload', 'bookshop/web-0', own);
    source.answer('workload', 'bookshop/web-0', null);
    expect(store.unknownDestinations).toBe('refuse');
  });
});
