import { type DeltaDiscoveryResponse, decodeResource, typeUrls } from '@tulle/xds';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Harness, startDiscovery, told } from './discovery-harness.ts';

const { service: type } = typeUrls;
const quietMs = 60;

let mesh: Harness;
beforeEach(async () => {
  mesh = await startDiscovery();
  mesh.source.service('catalog');
  mesh.source.service('orders');
  mesh.source.publish();
});
afterEach(() => mesh.stop());

test('a subscription is answered by the resource with its version, and a later change is pushed', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog');
  const first = await client.nextAcked();
  expect(first).toMatchObject({
    typeUrl: type,
    systemVersionInfo: '1',
    controlPlane: { identifier: 'tulle' },
  });
  expect(told(first)).toEqual(['+shop/catalog@1']);
  expect(decodeResource('service', first.resources[0]!.resource!.value)).toMatchObject({
    ok: true,
    value: { name: 'catalog' },
  });
  mesh.source.service('catalog', '2');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@2']);
});

test('what the client did not ask for is not sent', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog');
  await client.nextAcked();
  mesh.source.service('orders', '2');
  mesh.source.service('new');
  mesh.source.publish();
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('a subscription to an alias is answered by the resource, which lists its aliases', async () => {
  const client = mesh.client();
  client.subscribe(type, 'catalog.shop');
  const response = await client.nextAcked();
  expect(told(response)).toEqual(['+shop/catalog@1']);
  expect(response.resources[0]!.aliases).toEqual(['catalog.shop']);
});

test('an alias that comes to mean another resource: the new one is sent, then the old one is removed', async () => {
  mesh.source.service('catalog', '1', ['10.0.0.1']);
  mesh.source.publish();
  const client = mesh.client();
  client.subscribe(type, '10.0.0.1');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1']);
  mesh.source.service('catalog', '2', []);
  mesh.source.service('orders', '2', ['10.0.0.1']);
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/orders@2']);
  expect(told(await client.nextAcked())).toEqual(['-shop/catalog']);
});

test('an alias that comes to mean nothing is named removed', async () => {
  const client = mesh.client();
  client.subscribe(type, 'catalog.shop', 'shop/catalog');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1']);
  mesh.source.service('catalog', '2', []);
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@2']);
  expect(told(await client.nextAcked())).toEqual(['-catalog.shop']);
});

test('a name that does not exist is named removed at once, remembered, and pushed when it appears', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/later', 'later.shop');
  expect(told(await client.nextAcked())).toEqual(['-shop/later', '-later.shop']);
  mesh.source.service('later');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/later@1']);
});

test('a resource that vanishes is named removed, by its name and by the alias asked for', async () => {
  const client = mesh.client();
  client.subscribe(type, 'catalog.shop');
  await client.nextAcked();
  mesh.source.remove('service', 'shop/catalog');
  mesh.source.publish();
  expect(told(await client.nextAcked()).toSorted()).toEqual(['-catalog.shop', '-shop/catalog']);
  mesh.source.service('catalog', '1');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1']);
});

test('a wildcard brings all there is, additions and removals', async () => {
  const client = mesh.client();
  client.subscribe(type, '*');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1', '+shop/orders@1']);
  mesh.source.service('reviews');
  mesh.source.remove('service', 'shop/orders');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/reviews@1']);
  expect(told(await client.nextAcked())).toEqual(['-shop/orders']);
});

test('a wildcard over nothing is answered by an empty response', async () => {
  const client = mesh.client();
  client.subscribe(typeUrls.endpoints, '*');
  expect(told(await client.nextAcked())).toEqual([]);
});

test('a first request that names nothing is a wildcard, which goes on beside names given later', async () => {
  const client = mesh.client();
  client.send({ typeUrl: type });
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1', '+shop/orders@1']);
  client.subscribe(type, 'shop/none');
  expect(told(await client.nextAcked())).toEqual(['-shop/none']);
  mesh.source.service('reviews');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/reviews@1']);
});

test('after names have been given, a request without names is no wildcard', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog');
  await client.nextAcked();
  client.unsubscribe(type, 'shop/catalog');
  client.send({ typeUrl: type });
  await mesh.untilSubscriptions(0);
  mesh.source.service('catalog', '2');
  mesh.source.publish();
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('unsubscribing from a name under a wildcard is answered with the resource, or with its absence', async () => {
  const client = mesh.client();
  client.subscribe(type, '*', 'shop/catalog');
  await client.nextAcked();
  client.unsubscribe(type, 'shop/catalog', 'shop/none');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1', '-shop/none']);
});

test('unsubscribing from the wildcard keeps the names', async () => {
  const client = mesh.client();
  client.subscribe(type, '*', 'shop/catalog');
  await client.nextAcked();
  client.unsubscribe(type, '*');
  await mesh.untilSubscriptions(1);
  mesh.source.service('catalog', '2');
  mesh.source.service('orders', '2');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@2']);
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('after unsubscribing, changes are not sent any more', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog', 'catalog.shop', 'shop/orders');
  await client.nextAcked();
  client.unsubscribe(type, 'shop/orders', 'shop/catalog');
  await mesh.untilSubscriptions(1);
  mesh.source.service('catalog', '2');
  mesh.source.service('orders', '2');
  mesh.source.publish();
  // The alias still means it.
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@2']);
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
});

test('unsubscribing from what was never subscribed to is ignored', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog');
  await client.nextAcked();
  client.unsubscribe(type, 'shop/phantom');
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
  mesh.source.service('catalog', '2');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@2']);
});

test('subscribing again to a name is answered again, though nothing changed', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog', 'shop/none');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1', '-shop/none']);
  client.subscribe(type, 'shop/catalog', 'shop/none');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1', '-shop/none']);
});

test('a subscription is honoured in a request with a stale nonce, and is no ACK', async () => {
  const client = mesh.client();
  client.subscribe(type, 'shop/catalog');
  await client.nextAcked();
  client.send({ typeUrl: type, responseNonce: 'stale', resourceNamesSubscribe: ['shop/orders'] });
  expect(told(await client.nextAcked())).toEqual(['+shop/orders@1']);
  expect(mesh.registry.render()).toContain('tulle_discovery_stale_nonces_total{type="service"} 1');
});

test('nonces are unique on a stream, across types', async () => {
  mesh.source.endpoints('catalog');
  mesh.source.publish();
  const client = mesh.client();
  const responses: DeltaDiscoveryResponse[] = [];
  client.subscribe(type, 'shop/catalog');
  responses.push(await client.nextAcked());
  client.subscribe(typeUrls.endpoints, 'shop/catalog:80');
  responses.push(await client.nextAcked());
  client.subscribe(type, 'shop/orders');
  responses.push(await client.nextAcked());
  expect(new Set(responses.map(({ nonce }) => nonce)).size).toBe(3);
});

test('resuming with versions: what is unchanged is omitted, changes come, then what vanished is removed', async () => {
  mesh.source.service('orders', '2');
  mesh.source.publish();
  const client = mesh.client();
  client.send({
    typeUrl: type,
    resourceNamesSubscribe: ['catalog.shop', 'shop/orders', 'shop/gone', 'gone.shop'],
    initialResourceVersions: {
      'shop/catalog': '1',
      'shop/orders': '1',
      'shop/gone': '7',
      'shop/former': '7',
    },
  });
  expect(told(await client.nextAcked())).toEqual(['+shop/orders@2', '-gone.shop']);
  expect(told(await client.nextAcked())).toEqual(['-shop/gone', '-shop/former']);
  expect(await client.arrivedWithin(quietMs)).toEqual([]);
  mesh.source.service('catalog', '2');
  mesh.source.publish();
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@2']);
});

test('resuming a wildcard with versions sends the difference', async () => {
  const client = mesh.client();
  client.send({ typeUrl: type, initialResourceVersions: { 'shop/catalog': '1', 'shop/gone': '7' } });
  expect(told(await client.nextAcked())).toEqual(['+shop/orders@1']);
  expect(told(await client.nextAcked())).toEqual(['-shop/gone']);
});

test('a type that this server does not know has no resources, and the other types go on', async () => {
  const client = mesh.client();
  client.subscribe('type.googleapis.com/tulle.mesh.v9.Later', 'a');
  const response = await client.next();
  expect(response.typeUrl).toBe('type.googleapis.com/tulle.mesh.v9.Later');
  expect(told(response)).toEqual(['-a']);
  // Not even acknowledged: it holds back no other type.
  client.subscribe(type, 'shop/catalog');
  expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1']);
});
