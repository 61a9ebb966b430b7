import { status } from '@grpc/grpc-js';
import { eventually } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { afterEach, expect, test } from 'vitest';
import { type Harness, type HarnessOptions, startDiscovery, told, toldByType } from './discovery-harness.ts';

const { endpoints, routes, service, trustBundle } = typeUrls;
const quietMs = 60;

let mesh: Harness;
afterEach(() => mesh.stop());

async function start(options?: HarnessOptions): Promise<Harness> {
  mesh = await startDiscovery(options);
  return mesh;
}

test('a stream opened before there is a configuration waits for it', async () => {
  const { source, client: connect } = await start();
  const client = connect();
  client.subscribe(service, 'shop/catalog', 'shop/none');
  client.send({ typeUrl: endpoints });
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
  source.service('catalog');
  source.publish();
  expect(toldByType(await client.nextAcked())).toBe('service +shop/catalog@1 -shop/none');
  expect(toldByType(await client.nextAcked())).toBe('endpoints ');
});

test('a stream is taken with its headers at once, though a client that resumes misses nothing', async () => {
  const { source, client: connect } = await start();
  source.service('catalog');
  source.publish();
  const client = connect();
  client.send({
    typeUrl: service,
    resourceNamesSubscribe: ['shop/catalog'],
    initialResourceVersions: { 'shop/catalog': '1' },
  });
  await client.opened;
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('nothing more of a type is sent before the last response is acknowledged; changes coalesce meanwhile', async () => {
  const { source, client: connect } = await start();
  source.service('catalog');
  source.service('orders');
  source.publish();
  const client = connect();
  client.subscribe(service, '*');
  const first = await client.next();
  for (const version of ['2', '3', '4']) {
    source.service('catalog', version);
    source.publish();
    expect(await client.arrivedWithin(20)).toEqual([]);
  }
  client.ack(first);
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@4']);
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('what came and went before it could be told is not told', async () => {
  const { source, client: connect } = await start();
  source.service('catalog');
  source.publish();
  const client = connect();
  client.subscribe(service, '*');
  const first = await client.next();
  source.service('brief');
  source.remove('service', 'shop/catalog');
  source.publish();
  await client.arrivedWithin(20);
  source.remove('service', 'shop/brief');
  source.service('catalog');
  source.publish();
  await client.arrivedWithin(20);
  client.ack(first);
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('a burst of snapshots within the quiet time is one push', async () => {
  const { source, client: connect } = await start({ debounce: { quietMs: 40, maxMs: 400 } });
  source.service('catalog');
  source.publish();
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  await client.nextAcked();
  for (const version of ['2', '3', '4', '5']) {
    source.service('catalog', version);
    source.publish();
  }
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@5']);
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('a new subscription is answered from the newest snapshot, without waiting for the debounce', async () => {
  const { source, client: connect } = await start({ debounce: { quietMs: 10_000, maxMs: 10_000 } });
  source.publish();
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  expect(told(await client.nextAcked())).toEqual(['-shop/catalog']);
  source.service('catalog');
  source.endpoints('catalog');
  source.publish();
  client.subscribe(endpoints, 'shop/catalog:80');
  expect(toldByType(await client.nextAcked())).toBe('service +shop/catalog@1');
  expect(toldByType(await client.nextAcked())).toBe('endpoints +shop/catalog:80@1');
});

async function subscribedToAll() {
  const { source, client: connect } = await start();
  source.put('trustBundle', { trustDomain: 'cluster.local', rootsPem: ['a'] });
  for (const add of ['service', 'endpoints', 'routes'] as const) source[add]('old');
  source.publish();
  const client = connect();
  client.subscribe(routes, '*');
  await client.nextAcked();
  client.subscribe(endpoints, '*');
  await client.nextAcked();
  client.subscribe(service, '*');
  await client.nextAcked();
  client.subscribe(trustBundle, '*');
  await client.nextAcked();
  return { source, client };
}

test('make before break: updates in order of reference, then removals in reverse', async () => {
  const { source, client } = await subscribedToAll();
  source.put('trustBundle', { trustDomain: 'cluster.local', rootsPem: ['b'] }, { version: '2' });
  for (const add of ['service', 'endpoints', 'routes'] as const) source[add]('new');
  source.remove('service', 'shop/old');
  source.remove('endpoints', 'shop/old:80');
  source.remove('routes', 'shop/old:80');
  source.publish();
  const order: string[] = [];
  for (let index = 0; index < 7; index++) order.push(toldByType(await client.nextAcked()));
  expect(order).toEqual([
    'trustBundle +cluster.local@2',
    'service +shop/new@1',
    'endpoints +shop/new:80@1',
    'routes +shop/new:80@1',
    'routes -shop/old:80',
    'endpoints -shop/old:80',
    'service -shop/old',
  ]);
});

test('a route does not overtake the endpoints that wait for an ACK', async () => {
  const { source, client } = await subscribedToAll();
  source.endpoints('old', '2');
  source.publish();
  const inFlight = await client.next();
  expect(toldByType(inFlight)).toBe('endpoints +shop/old:80@2');
  source.endpoints('new');
  source.routes('new');
  source.publish();
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
  client.ack(inFlight);
  expect(toldByType(await client.nextAcked())).toBe('endpoints +shop/new:80@1');
  expect(toldByType(await client.nextAcked())).toBe('routes +shop/new:80@1');
});

test('a removal waits for the updates that an ACK holds back', async () => {
  const { source, client } = await subscribedToAll();
  source.endpoints('old', '2');
  source.publish();
  const inFlight = await client.next();
  source.endpoints('new');
  source.remove('service', 'shop/old');
  source.publish();
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
  client.ack(inFlight);
  expect(toldByType(await client.nextAcked())).toBe('endpoints +shop/new:80@1');
  expect(toldByType(await client.nextAcked())).toBe('service -shop/old');
});

test('rejected content is recorded with its reason and not sent again until it changes', async () => {
  const { source, service: discovery, registry, client: connect } = await start();
  source.service('catalog');
  source.service('orders');
  source.publish();
  const client = connect();
  client.subscribe(service, '*');
  await client.nextAcked();
  source.service('catalog', '2');
  source.publish();
  client.nack(await client.next(), 'shop/catalog: ports[0].port: must be a port');
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
  expect(discovery.describe()[0]!.types[0]).toMatchObject({
    kind: 'service',
    sent: { version: '2' },
    acked: { version: '1' },
    nacked: {
      version: '2',
      reason: 'shop/catalog: ports[0].port: must be a port',
      resources: ['shop/catalog@2'],
    },
  });
  expect(registry.render()).toContain('tulle_discovery_nacks_total{type="service"} 1');
  source.service('orders', '3');
  source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/orders@3']);
  source.service('catalog', '3');
  source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@3']);
});

test('a push larger than one response may be comes in several, each after the ACK of the one before', async () => {
  const { source, client: connect } = await start({ limits: { responseBytes: 400 } });
  const names = Array.from({ length: 30 }, (_, index) => `service-${index}`);
  for (const name of names) source.service(name);
  source.publish();
  const client = connect();
  client.subscribe(service, '*');
  const got: string[] = [];
  let responses = 0;
  while (got.length < names.length) {
    got.push(...told(await client.nextAcked()));
    responses++;
  }
  expect(got.toSorted()).toEqual(names.map((name) => `+shop/${name}@1`).toSorted());
  expect(responses).toBeGreaterThan(3);
});

test('a resource that cannot be encoded is left out, counted, and holds back no other', async () => {
  const { source, registry, client: connect } = await start();
  source.put('endpoints', { namespace: 'shop', name: 'bad', port: -1, protocol: 'http', endpoints: [] });
  source.endpoints('good');
  source.publish();
  const client = connect();
  client.subscribe(endpoints, '*');
  expect(told(await client.nextAcked())).toEqual(['+shop/good:80@1']);
  expect(registry.render()).toContain('tulle_discovery_unencodable_total{type="endpoints"} 1');
});

test('connected proxies are described, and forgotten when they go', async () => {
  const { source, service: discovery, registry, client: connect } = await start();
  source.service('catalog');
  source.publish();
  const client = connect('shop/web-7');
  client.subscribe(service, 'shop/catalog', 'shop/none');
  const response = await client.nextAcked();
  const proxy = await eventually(() => {
    const described = discovery.describe()[0]!;
    expect(described.types[0]?.acked).not.toBeNull();
    return described;
  });
  expect(proxy).toMatchObject({ node: 'shop/web-7', identity: 'spiffe://cluster.local/ns/shop/sa/web' });
  const mark = { version: '1', nonce: response.nonce };
  expect(proxy.types).toMatchObject([
    { typeUrl: service, subscriptions: 2, isWildcard: false, sent: mark, acked: mark, nacked: null },
  ]);
  expect(registry.render()).toContain('tulle_discovery_proxies 1');
  client.close();
  await eventually(() => expect(discovery.describe()).toEqual([]));
  expect(registry.render()).toContain('tulle_discovery_proxies 0');
});

test('a client that ends its side gets the stream ended', async () => {
  const { client: connect, service: discovery } = await start();
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  await client.arrivedWithin(20);
  client.end();
  expect(await client.ended).toMatchObject({ code: status.OK });
  await eventually(() => expect(discovery.describe()).toEqual([]));
});

test('a connection that is aged out by the server leaves nothing behind, and its client may come back', async () => {
  const server = { 'grpc.max_connection_age_ms': 100, 'grpc.max_connection_age_grace_ms': 50 };
  const { source, client: connect, service: discovery, registry } = await start({ server });
  source.service('catalog');
  source.publish();
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  await client.nextAcked();
  expect((await client.ended).code).not.toBe(status.OK);
  await eventually(() => expect(discovery.describe()).toEqual([]));
  expect(registry.render()).toContain('tulle_discovery_proxies 0');
  const again = connect();
  again.subscribe(service, 'shop/catalog');
  expect(told(await again.nextAcked())).toEqual(['+shop/catalog@1']);
});

test('closing ends the streams politely, refuses new ones and lets go of the source', async () => {
  const { source, client: connect, service: discovery } = await start();
  source.service('catalog');
  source.publish();
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  await client.nextAcked();
  await discovery.close(1_000);
  expect(await client.ended).toMatchObject({ code: status.UNAVAILABLE });
  expect(discovery.describe()).toEqual([]);
  expect(source.listeners).toBe(0);
  expect(await connect().ended).toMatchObject({ code: status.UNAVAILABLE });
});
