import { MetricsRegistry, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { outboundStoreMetrics } from '../control-metrics.ts';
import type { OutboundLookup, OutboundPort } from './mesh-view.ts';
import { type OutboundLimits, OutboundStore } from './outbound-store.ts';
import { endpoints, FakeSource, routes, service } from './testing/fake-source.ts';

let clock: FakeClock;
let source: FakeSource;
let store: OutboundStore;

function makeStore(limits: Partial<OutboundLimits> = {}): OutboundStore {
  return new OutboundStore({
    source,
    workload: { namespace: 'bookshop', name: 'web-0' },
    waitMs: 5_000,
    clock,
    metrics: outboundStoreMetrics(new MetricsRegistry()),
    logger: silentLogger,
    limits,
  });
}

beforeEach(async () => {
  clock = new FakeClock();
  source = new FakeSource();
  store = makeStore();
  await store.start();
});

/** What is subscribed beside the own workload. */
function watched(): string[] {
  return source.watched.filter((name) => name !== 'workload bookshop/web-0');
}

/** Asks and waits; the array gets the answer. */
function ask(authority: string): OutboundLookup[] {
  const answers: OutboundLookup[] = [];
  const lookup = store.lookup(authority);
  if (lookup.kind === 'pending') lookup.wait((answer) => answers.push(answer));
  else answers.push(lookup);
  return answers;
}

function found(authority: string): OutboundPort {
  const lookup = store.lookup(authority);
  if (lookup.kind !== 'found') throw new Error(`${authority}: ${lookup.kind}`);
  return lookup.port;
}

/** A service without routes, known and ready. */
function makeReady(name: string, addresses: readonly string[] = ['10.1.0.1']): OutboundPort {
  ask(name);
  source.answer('service', `${name}.bookshop`, service(name));
  ask(name);
  source.answer('routes', `bookshop/${name}:80`, null);
  source.answer('endpoints', `bookshop/${name}:80`, endpoints(name, addresses));
  return found(name);
}

describe('a lookup on demand', () => {
  it('subscribes to the service by alias, then to its routes and endpoints, and answers when complete', () => {
    const answers = ask('catalog');
    expect(watched()).toEqual(['service catalog.bookshop']);
    source.answer('service', 'catalog.bookshop', service('catalog'));
    expect(source.watched).toContain('routes bookshop/catalog:80');
    source.answer('endpoints', 'bookshop/catalog:80', endpoints('catalog', ['10.1.0.1']));
    expect(answers).toEqual([]);
    source.answer('routes', 'bookshop/catalog:80', null);
    expect(answers).toMatchObject([{ kind: 'found', port: { rules: null, cluster: { port: 80 } } }]);
  });

  it('waits for the endpoints of every backend of the routes', () => {
    const answers = ask('catalog');
    source.answer('service', 'catalog.bookshop', service('catalog'));
    source.answer('endpoints', 'bookshop/catalog:80', endpoints('catalog', []));
    source.answer('routes', 'bookshop/catalog:80', routes('catalog', { v1: 90, v2: 10 }));
    source.answer('endpoints', 'bookshop/v1:80', endpoints('v1', ['10.1.0.1']));
    expect(answers).toEqual([]);
    source.answer('endpoints', 'bookshop/v2:80', null);
    const [rule] = found('catalog').rules!;
    expect(rule!.totalWeight).toBe(100);
    expect(rule!.backends.map(({ cumulativeWeight }) => cumulativeWeight)).toEqual([90, 100]);
    expect(rule!.backends.map(({ cluster }) => cluster!.endpoints.length)).toEqual([1, 0]);
    expect(answers).toHaveLength(1);
  });

  it('times out once, leaves no timer behind, and answers later lookups when discovery catches up', () => {
    const answers = ask('catalog');
    const timers = clock.pendingTasks;
    clock.advance(5_000);
    expect(answers).toEqual([{ kind: 'timeout' }]);
    expect(clock.pendingTasks).toBe(timers - 1);
    expect(makeReady('catalog').cluster.endpoints).toHaveLength(1);
    expect(answers).toHaveLength(1);
  });

  it('gives the same object to every spelling once it is ready', () => {
    const port = makeReady('catalog');
    expect(found('Catalog:80')).toBe(port);
    expect(store.lookup('catalog')).toBe(store.lookup('catalog'));
  });

  it('bounds those who wait for one host', () => {
    store = makeStore({ maxWaiting: 1 });
    expect(ask('catalog')).toEqual([]);
    expect(ask('catalog')).toEqual([{ kind: 'timeout' }]);
  });
});

describe('what does not exist', () => {
  it('is remembered as a subscription, and found once it is made', () => {
    const answers = ask('nobody');
    source.answer('service', 'nobody.bookshop', null);
    expect(answers).toEqual([{ kind: 'unknown-host' }]);
    expect(store.lookup('nobody')).toEqual({ kind: 'unknown-host' });
    source.answer('service', 'nobody.bookshop', service('nobody'));
    expect(store.lookup('nobody').kind).toBe('pending');
  });

  it('names the ports that a service has', () => {
    makeReady('catalog');
    expect(store.lookup('catalog:81')).toEqual({ kind: 'unknown-port', known: [80] });
  });

  it('answers unknown-host when a service is removed, and comes back with it', () => {
    const before = makeReady('catalog');
    source.answer('service', 'catalog.bookshop', null);
    expect(store.lookup('catalog')).toEqual({ kind: 'unknown-host' });
    source.answer('service', 'catalog.bookshop', service('catalog'));
    ask('catalog');
    source.answer('routes', 'bookshop/catalog:80', null);
    expect(found('catalog').cluster).toBe(before.cluster);
  });

  it('refuses malformed authorities without a subscription', () => {
    for (const authority of ['', 'a b', 'x'.repeat(300), 'catalog:0', '[::1'])
      expect(store.lookup(authority)).toEqual({ kind: 'unknown-host' });
    expect(watched()).toEqual([]);
  });
});

describe('updates', () => {
  it('keep the objects of endpoints that stay, and compile no route', () => {
    const port = makeReady('catalog', ['10.1.0.1', '10.1.0.2']);
    const [, second] = port.cluster.endpoints;
    source.answer('endpoints', 'bookshop/catalog:80', endpoints('catalog', ['10.1.0.2', '10.1.0.3']));
    expect(found('catalog')).toBe(port);
    expect(port.cluster.endpoints).toHaveLength(2);
    expect(port.cluster.endpoints[0]).toBe(second);
    const list = port.cluster.endpoints;
    source.answer('endpoints', 'bookshop/catalog:80', endpoints('catalog', ['10.1.0.2', '10.1.0.3']));
    expect(port.cluster.endpoints).toBe(list);
  });

  it('of routes keep the old rules until the new clusters are known', () => {
    const before = makeReady('catalog');
    source.answer('routes', 'bookshop/catalog:80', routes('catalog', { v1: 1 }));
    expect(found('catalog')).toBe(before);
    source.answer('endpoints', 'bookshop/v1:80', endpoints('v1', ['10.1.0.9']));
    expect(found('catalog').rules).toHaveLength(1);
    source.answer('routes', 'bookshop/catalog:80', null);
    expect(found('catalog').rules).toBeNull();
  });

  it('of routes are put to work after 5 s even so, counted from the first of several', () => {
    makeReady('catalog');
    source.answer('routes', 'bookshop/catalog:80', routes('catalog', { v1: 1 }));
    clock.advance(3_000);
    source.answer('routes', 'bookshop/catalog:80', routes('catalog', { v2: 1 }));
    clock.advance(1_999);
    expect(found('catalog').rules).toBeNull();
    clock.advance(1);
    expect(found('catalog').rules![0]!.backends[0]!.cluster!.name).toBe('bookshop/v2:80');
  });

  it('unsubscribe clusters that nothing uses any more, after a grace', () => {
    makeReady('catalog');
    source.answer('routes', 'bookshop/catalog:80', routes('catalog', { v1: 1 }));
    source.answer('endpoints', 'bookshop/v1:80', endpoints('v1', ['10.1.0.9']));
    source.answer('routes', 'bookshop/catalog:80', null);
    clock.advance(29_999);
    expect(source.watched).toContain('endpoints bookshop/v1:80');
    clock.advance(1);
    expect(source.watched).not.toContain('endpoints bookshop/v1:80');
  });
});

describe('bounds', () => {
  it('drop a host that was not used for 10 minutes, with all that it needed', () => {
    makeReady('catalog');
    clock.advance(660_000 + 30_000);
    expect(watched()).toEqual([]);
    expect(store.lookup('catalog').kind).toBe('pending');
  });

  it('keep a host that is used', () => {
    makeReady('catalog');
    for (let minute = 0; minute < 30; minute++) {
      clock.advance(60_000);
      found('catalog');
    }
    expect(source.watched).toContain('service catalog.bookshop');
  });

  it('evict names that do not exist first, then idle ones, and refuse when all are in use', () => {
    store = makeStore({ maxHosts: 2 });
    makeReady('catalog');
    ask('nobody');
    source.answer('service', 'nobody.bookshop', null);
    makeReady('orders');
    expect(source.watched).not.toContain('service nobody.bookshop');
    expect(store.lookup('reviews')).toEqual({ kind: 'unknown-host' });
    expect(source.watched).not.toContain('service reviews.bookshop');
  });

  it('forget spellings beyond the bound, not destinations', () => {
    store = makeStore({ maxAuthorities: 2 });
    const port = makeReady('catalog');
    for (const authority of ['CATALOG', 'Catalog', 'cATALOG', 'catalog.'])
      expect(found(authority)).toBe(port);
  });

  it('leave nothing subscribed and no timer behind when stopped', async () => {
    const answers = ask('orders');
    makeReady('catalog');
    await store.stop();
    expect(answers).toEqual([{ kind: 'timeout' }]);
    expect(source.watched).toEqual([]);
    expect(clock.pendingTasks).toBe(0);
  });
});
