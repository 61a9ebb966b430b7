import { status } from '@grpc/grpc-js';
import { eventually } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { afterEach, expect, test } from 'vitest';
import { type Harness, type HarnessOptions, startDiscovery, told } from './discovery-harness.ts';

const { service } = typeUrls;

let mesh: Harness;
afterEach(() => mesh.stop());

async function start(options?: HarnessOptions): Promise<Harness> {
  mesh = await startDiscovery(options);
  mesh.source.service('catalog');
  mesh.source.publish();
  return mesh;
}

test('a client that proved no identity is refused', async () => {
  const { client } = await start({ identity: null });
  expect(await client().ended).toMatchObject({
    code: status.UNAUTHENTICATED,
    details: expect.stringContaining('client certificate'),
  });
});

test('a first request without a node, or with an unreadable one, is refused', async () => {
  const { client: connect } = await start();
  for (const node of [null, 'web-1', 'a/b/c', `shop/${'x'.repeat(400)}`]) {
    const client = connect(node);
    client.subscribe(service, 'shop/catalog');
    expect(await client.ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('node.id'),
    });
  }
});

test('a node outside the namespace of the certificate is refused, with both named', async () => {
  const { client: connect } = await start();
  const client = connect('bank/vault-1');
  client.subscribe(service, 'shop/catalog');
  const { code, details } = await client.ended;
  expect(code).toBe(status.PERMISSION_DENIED);
  expect(details).toContain('bank/vault-1');
  expect(details).toContain('spiffe://cluster.local/ns/shop/sa/web');
});

test('a request without a type or with a name too long is refused', async () => {
  const { client: connect } = await start();
  const untyped = connect();
  untyped.subscribe('', 'shop/catalog');
  expect(await untyped.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  const long = connect();
  long.subscribe(service, 'x'.repeat(513));
  expect(await long.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  const resumed = connect();
  resumed.send({ typeUrl: service, initialResourceVersions: { a: 'x'.repeat(513) } });
  expect(await resumed.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('more subscriptions than allowed end the stream, counted over requests and types', async () => {
  const { client: connect } = await start({ limits: { subscriptionsPerStream: 3 } });
  const client = connect();
  client.subscribe(service, 'shop/a', 'shop/b');
  await client.nextAcked();
  client.subscribe(typeUrls.endpoints, 'shop/a:80', 'shop/b:80');
  expect(await client.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('at most 3'),
  });
});

test('unsubscriptions under a wildcard, each of which is owed an answer, do not pile up', async () => {
  const { client: connect } = await start({ limits: { subscriptionsPerStream: 10 } });
  const client = connect();
  client.subscribe(service, '*');
  await client.next();
  for (let index = 0; index < 20; index++) client.unsubscribe(service, `shop/phantom-${index}`);
  expect(await client.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

test('many unknown types end the stream', async () => {
  const { client: connect } = await start({ limits: { unknownTypesPerStream: 2 } });
  const client = connect();
  for (const typeUrl of ['a', 'b', 'c']) client.subscribe(typeUrl, 'x');
  expect(await client.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('a stream without a request, and one without subscriptions, are ended after a while', async () => {
  const { client: connect } = await start({ limits: { firstRequestMs: 50, idleMs: 50 } });
  expect(await connect().ended).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  await client.nextAcked();
  await client.arrivedWithin(100);
  client.unsubscribe(service, 'shop/catalog');
  expect(await client.ended).toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test('a proxy has a few streams at most', async () => {
  const { client: connect } = await start({ limits: { streamsPerProxy: 2 } });
  for (let index = 0; index < 2; index++) {
    const client = connect();
    client.subscribe(service, 'shop/catalog');
    await client.nextAcked();
  }
  const third = connect();
  third.subscribe(service, 'shop/catalog');
  expect(await third.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  const other = connect('shop/web-2');
  other.subscribe(service, 'shop/catalog');
  expect(told(await other.nextAcked())).toEqual(['+shop/catalog@1']);
});

test('a replica has so many streams at most', async () => {
  const { client: connect } = await start({ limits: { streams: 1 } });
  const client = connect();
  client.subscribe(service, 'shop/catalog');
  await client.nextAcked();
  expect(await connect('shop/web-2').ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

test('a client that never acknowledges gets one response a type, and is ended after a while', async () => {
  const { source, registry, client: connect } = await start({ limits: { ackMs: 300 } });
  const client = connect();
  client.subscribe(service, '*');
  await client.next();
  for (let version = 2; version < 20; version++) {
    source.service('catalog', String(version));
    source.publish();
    await client.arrivedWithin(10);
  }
  expect(registry.render()).toContain('tulle_discovery_responses_total{type="service"} 1');
  expect(await client.ended).toMatchObject({
    code: status.DEADLINE_EXCEEDED,
    details: expect.stringContaining('not acknowledged'),
  });
  await eventually(() =>
    expect(registry.render()).toContain('tulle_discovery_streams_closed_total{reason="no_ack"} 1'),
  );
});

test('a flood of subscriptions to the same name, unread, is answered once', async () => {
  const { registry, client: connect } = await start();
  const client = connect();
  client.pause();
  for (let index = 0; index < 500; index++) client.subscribe(service, 'shop/catalog');
  await eventually(() =>
    expect(registry.render()).toContain('tulle_discovery_requests_total{type="service"} 500'),
  );
  expect(registry.render()).toContain('tulle_discovery_responses_total{type="service"} 1');
  client.resume();
  await client.nextAcked();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1']);
});
