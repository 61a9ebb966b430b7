import type { ResourceKind } from '@tulle/model';
import { MetricsRegistry, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkRoutes } from '../config/compile-routes.ts';
import { endpoints, routes, service } from '../config/testing/fake-source.ts';
import { type DiscoveryMetrics, discoveryMetrics } from '../control-metrics.ts';
import { DiscoveryClient } from './discovery-client.ts';
import { FakeTransport, wireResource } from './testing/fake-transport.ts';

let clock: FakeClock;
let transport: FakeTransport;
let metrics: DiscoveryMetrics;
let client: DiscoveryClient;

beforeEach(async () => {
  clock = new FakeClock();
  transport = new FakeTransport();
  metrics = discoveryMetrics(new MetricsRegistry());
  client = new DiscoveryClient({
    nodeId: 'bookshop/web-0',
    transport,
    checks: { routes: checkRoutes },
    clock,
    random: () => 0.5,
    metrics,
    logger: silentLogger,
  });
});

const settled = () => clock.advanceAsync(0);

function watch(kind: ResourceKind, name: string) {
  const states: string[] = [];
  return { states, watch: client.watch(kind, name, ({ kind: state }) => states.push(state)) };
}

const catalog = (version: string, hostnames = ['catalog.bookshop', 'catalog.bookshop.svc']) =>
  wireResource(
    'service',
    { ...service('catalog'), hostnames },
    { name: 'bookshop/catalog', version, aliases: hostnames },
  );

async function connect(): Promise<void> {
  await client.start();
  await settled();
  transport.last.handlers.onOpen();
}

describe('subscriptions', () => {
  it('open a stream with one request a kind, and the node on the first only', async () => {
    watch('service', 'catalog.bookshop');
    watch('workload', 'bookshop/web-0');
    await connect();
    const sent = transport.last.take();
    expect(sent.map(({ typeUrl, node }) => [typeUrl, node?.id])).toEqual([
      [typeUrls.workload, 'bookshop/web-0'],
      [typeUrls.service, undefined],
    ]);
    expect(sent[1]!.resourceNamesSubscribe).toEqual(['catalog.bookshop']);
  });

  it('of one turn go out together, and each name once', async () => {
    await connect();
    watch('service', 'a.b');
    watch('service', 'a.b');
    watch('service', 'c.d').watch.stop();
    await settled();
    expect(transport.last.take()).toMatchObject([
      { resourceNamesSubscribe: ['a.b'], resourceNamesUnsubscribe: ['c.d'] },
    ]);
  });

  it('end with the last watch of a name', async () => {
    await connect();
    const first = watch('service', 'a.b').watch;
    const second = watch('service', 'a.b').watch;
    await settled();
    transport.last.take();
    first.stop();
    first.stop();
    await settled();
    expect(transport.last.take()).toEqual([]);
    second.stop();
    await settled();
    expect(transport.last.take()).toMatchObject([{ resourceNamesUnsubscribe: ['a.b'] }]);
  });
});

describe('responses', () => {
  it('are acknowledged with their nonce, before what the listeners subscribe to', async () => {
    const seen = client.watch(
      'service',
      'catalog.bookshop',
      () => void watch('routes', 'bookshop/catalog:80'),
    );
    await connect();
    transport.last.take();
    transport.last.respond('service', 'n1', { resources: [catalog('1')] });
    await settled();
    expect(seen.state).toMatchObject({ kind: 'known', resource: { name: 'catalog' } });
    expect(transport.last.take()).toMatchObject([
      { responseNonce: 'n1', resourceNamesSubscribe: [] },
      { resourceNamesSubscribe: ['bookshop/catalog:80'] },
    ]);
    expect(metrics.connected.value).toBe(1);
    expect(metrics.lastUpdate.value).toBe(clock.nowMs() / 1_000);
  });

  it('answer every alias, and the name itself', async () => {
    const names = ['catalog.bookshop', 'catalog.bookshop.svc', 'bookshop/catalog'];
    const watches = names.map((name) => watch('service', name));
    await connect();
    transport.last.respond('service', 'n1', { resources: [catalog('1')] });
    expect(watches.map(({ states }) => states)).toEqual([['known'], ['known'], ['known']]);
    expect(watch('service', 'catalog.bookshop').watch.state.kind).toBe('known');
  });

  it('say what does not exist, by the name asked for', async () => {
    const nobody = watch('service', 'nobody.bookshop');
    await connect();
    transport.last.respond('service', 'n1', { removedResources: ['nobody.bookshop'] });
    expect(nobody.states).toEqual(['absent']);
    transport.last.respond('service', 'n2', { removedResources: ['nobody.bookshop'] });
    expect(nobody.states).toEqual(['absent']);
  });

  it('remove a resource from under all its aliases', async () => {
    const asked = watch('service', 'catalog.bookshop');
    await connect();
    transport.last.respond('service', 'n1', { resources: [catalog('1')] });
    transport.last.respond('service', 'n2', { removedResources: ['bookshop/catalog'] });
    transport.last.respond('service', 'n3', { resources: [catalog('1')] });
    expect(asked.states).toEqual(['known', 'absent', 'known']);
  });

  it('move an alias to another resource, whichever comes first', async () => {
    const asked = client.watch('service', 'shop.example', () => {});
    await connect();
    const orders = wireResource('service', service('orders'), {
      name: 'bookshop/orders',
      version: '1',
      aliases: ['shop.example'],
    });
    transport.last.respond('service', 'n1', { resources: [catalog('1', ['shop.example'])] });
    transport.last.respond('service', 'n2', { resources: [orders, catalog('2', ['catalog.bookshop'])] });
    expect(asked.state).toMatchObject({ resource: { name: 'orders' } });
  });

  it('with the version that is held change nothing', async () => {
    const asked = watch('service', 'catalog.bookshop');
    await connect();
    transport.last.respond('service', 'n1', { resources: [catalog('1')] });
    const before = asked.watch.state;
    transport.last.respond('service', 'n2', { resources: [catalog('1')] });
    expect(asked.states).toEqual(['known']);
    expect(asked.watch.state).toBe(before);
  });

  it('that nobody asked for (any more) are acknowledged and not held', async () => {
    await connect();
    transport.last.respond('service', 'n1', { resources: [catalog('1')] });
    expect(transport.last.take()).toMatchObject([{ responseNonce: 'n1' }]);
    expect(watch('service', 'catalog.bookshop').watch.state.kind).toBe('unknown');
  });

  it('reach the other listeners when one fails', async () => {
    client.watch('service', 'catalog.bookshop', () => {
      throw new Error('fault');
    });
    const other = watch('service', 'catalog.bookshop');
    await connect();
    transport.last.respond('service', 'n1', { resources: [catalog('1')] });
    expect(other.states).toEqual(['known']);
  });
});

describe('a response with a bad resource', () => {
  const name = { name: 'bookshop/catalog:80', version: '2' };
  const table = routes('catalog', { v1: 1 });
  const badTable = {
    ...table,
    rules: [
      ...table.rules,
      {
        ...table.rules[0]!,
        match: { path: { kind: 'regex' as const, value: '(' }, method: null, headers: [] },
      },
    ],
  };

  it('is rejected by resource and path; the last good one and the good others are used', async () => {
    const bad = client.watch('routes', 'bookshop/catalog:80', () => {});
    const good = watch('routes', 'bookshop/orders:80');
    await connect();
    const first = wireResource('routes', table, { ...name, version: '1' });
    transport.last.respond('routes', 'n1', { resources: [first] });
    transport.last.take();
    const other = wireResource('routes', routes('orders', {}), { name: 'bookshop/orders:80', version: '1' });
    transport.last.respond('routes', 'n2', { resources: [wireResource('routes', badTable, name), other] });
    const [nack] = transport.last.take();
    expect(nack).toMatchObject({ responseNonce: 'n2', errorDetail: { code: 3 } });
    expect(nack!.errorDetail!.message).toMatch(/^bookshop\/catalog:80: rules\[1\]\.match: /);
    expect(bad.state).toMatchObject({ resource: { rules: { length: 1 } } });
    expect(good.states).toEqual(['known']);
    expect(client.rejections()).toMatchObject([{ name: 'bookshop/catalog:80', version: '2' }]);
    expect(metrics.nacks.value).toBe(1);
  });

  it('is no longer listed once a good one came', async () => {
    watch('routes', 'bookshop/catalog:80');
    await connect();
    transport.last.respond('routes', 'n1', { resources: [wireResource('routes', badTable, name)] });
    transport.last.respond('routes', 'n2', {
      resources: [wireResource('routes', table, { ...name, version: '3' })],
    });
    expect(client.rejections()).toEqual([]);
  });

  it('is refused when it goes by a name that is not its own', async () => {
    const asked = watch('endpoints', 'bookshop/orders:80');
    await connect();
    transport.last.take();
    const set = wireResource('endpoints', endpoints('catalog', ['10.1.0.1']), {
      name: 'bookshop/orders:80',
      version: '1',
    });
    transport.last.respond('endpoints', 'n1', { resources: [set] });
    expect(transport.last.take()[0]!.errorDetail!.message).toContain('must be bookshop/catalog:80');
    expect(asked.states).toEqual([]);
  });
});

describe('a lost stream', () => {
  it('keeps what was received and tells its versions to the next one', async () => {
    const asked = watch('service', 'catalog.bookshop');
    watch('service', 'nobody.bookshop');
    await connect();
    transport.last.respond('service', 'n1', {
      resources: [catalog('7')],
      removedResources: ['nobody.bookshop'],
    });
    transport.last.handlers.onEnd('UNAVAILABLE');
    expect(metrics.connected.value).toBe(0);
    expect(asked.watch.state.kind).toBe('known');
    await clock.advanceAsync(200);
    expect(transport.streams).toHaveLength(2);
    expect(transport.last.take()).toMatchObject([
      {
        node: { id: 'bookshop/web-0' },
        resourceNamesSubscribe: ['catalog.bookshop', 'nobody.bookshop'],
        initialResourceVersions: { 'bookshop/catalog': '7' },
        responseNonce: '',
      },
    ]);
    transport.last.respond('service', 'n1', { removedResources: ['bookshop/catalog'] });
    expect(asked.states).toEqual(['known', 'absent']);
  });

  it('tells what was subscribed to meanwhile once, with the rest', async () => {
    await connect();
    transport.last.handlers.onEnd('UNAVAILABLE');
    watch('service', 'a.b');
    await clock.advanceAsync(200);
    expect(transport.last.take()).toMatchObject([{ resourceNamesSubscribe: ['a.b'] }]);
  });

  it('is followed by longer and longer waits, up to 5 s, until one has lasted', async () => {
    transport.refusal = 'ECONNREFUSED';
    await client.start();
    await clock.advanceAsync(60_000);
    const dials = transport.dials;
    expect(dials).toBeGreaterThan(12);
    expect(dials).toBeLessThan(30);
    transport.refusal = null;
    while (transport.streams.length === 0) await clock.advanceAsync(100);
    transport.last.respond('service', 'n1', {});
    transport.last.handlers.onEnd('UNAVAILABLE');
    await clock.advanceAsync(200);
    expect(transport.streams).toHaveLength(1);
    await clock.advanceAsync(5_000);
    await clock.advanceAsync(2_000);
    transport.last.handlers.onEnd('UNAVAILABLE');
    await clock.advanceAsync(200);
    expect(transport.streams).toHaveLength(3);
  });

  it('is not listened to any more', async () => {
    const asked = watch('service', 'catalog.bookshop');
    await connect();
    const old = transport.last;
    old.handlers.onEnd('UNAVAILABLE');
    await clock.advanceAsync(200);
    old.respond('service', 'n9', { resources: [catalog('9')] });
    old.handlers.onEnd('again');
    expect(asked.states).toEqual([]);
    expect(transport.dials).toBe(2);
  });
});

describe('stop', () => {
  it('closes the stream and leaves no timer behind', async () => {
    await connect();
    await client.stop();
    expect(transport.last.isClosed).toBe(true);
    transport.last.handlers.onEnd('CANCELLED');
    expect(clock.pendingTasks).toBe(0);
  });

  it('closes a stream that opens too late', async () => {
    const started = client.start();
    await client.stop();
    await started;
    await settled();
    expect(transport.last.isClosed).toBe(true);
  });
});
