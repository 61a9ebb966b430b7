import { eventually } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Harness, startDiscovery } from './discovery-harness.ts';

/** What the server knows of a proxy's answers, which statuses are made of. */
describe('held versions', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await startDiscovery();
    harness.source.routes('catalog');
    harness.source.publish();
  });

  afterEach(() => harness.stop());

  const catalog = 'shop/catalog:80';
  const held = () =>
    [...harness.service.held.holdersOf('routes', catalog)].map(({ node, taken, refused }) => ({
      node,
      taken,
      refused: refused === null ? null : `${refused.version}: ${refused.reason}`,
    }));
  const untilHeld = (...expected: ReturnType<typeof held>) =>
    eventually(() => expect(held()).toEqual(expected));

  it('knows a proxy from the first response on, and what it took', async () => {
    const client = harness.client();
    client.subscribe(typeUrls.routes, catalog);
    const response = await client.next();
    await untilHeld({ node: 'shop/web-1', taken: null, refused: null });
    client.ack(response);
    await untilHeld({ node: 'shop/web-1', taken: '1', refused: null });
  });

  it('keeps what was in force beside what was rejected, until something is taken', async () => {
    const client = harness.client();
    client.subscribe(typeUrls.routes, catalog);
    await client.nextAcked();
    harness.source.routes('catalog', '2');
    harness.source.publish();
    client.nack(await client.next(), 'rules[0]: no');
    await untilHeld({ node: 'shop/web-1', taken: '1', refused: '2: rules[0]: no' });
    harness.source.routes('catalog', '3');
    harness.source.publish();
    await client.nextAcked();
    await untilHeld({ node: 'shop/web-1', taken: '3', refused: null });
  });

  it('believes a proxy that comes back what it has, and forgets one that leaves', async () => {
    const client = harness.client();
    const initialResourceVersions = { [catalog]: '1', 'shop/gone:80': '1' };
    client.send({ typeUrl: typeUrls.routes, resourceNamesSubscribe: [catalog], initialResourceVersions });
    await untilHeld({ node: 'shop/web-1', taken: '1', refused: null });
    await eventually(() => expect([...harness.service.held.holdersOf('routes', 'shop/gone:80')]).toEqual([]));
    client.close();
    await untilHeld();
  });

  it('forgets a proxy that unsubscribes, though its answer comes after that', async () => {
    const client = harness.client();
    client.subscribe(typeUrls.routes, catalog);
    const response = await client.next();
    client.unsubscribe(typeUrls.routes, catalog);
    await untilHeld();
    client.ack(response);
    client.subscribe(typeUrls.routes, 'shop/other:80');
    await harness.untilSubscriptions(1);
    expect(held()).toEqual([]);
  });

  it('forgets what is removed', async () => {
    const client = harness.client();
    client.subscribe(typeUrls.routes, catalog);
    await client.nextAcked();
    harness.source.remove('routes', catalog);
    harness.source.publish();
    await client.nextAcked();
    await untilHeld();
  });

  it('knows nothing of kinds that no status depends on', async () => {
    harness.source.service('catalog');
    harness.source.publish();
    const client = harness.client();
    const before = harness.service.held.revision;
    client.subscribe(typeUrls.service, 'shop/catalog');
    await client.nextAcked();
    await harness.untilSubscriptions(1);
    expect(harness.service.held.revision).toBe(before);
  });
});
