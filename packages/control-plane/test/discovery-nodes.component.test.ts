import { status } from '@grpc/grpc-js';
import { eventually } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { afterEach, describe, expect, it } from 'vitest';
import { type Harness, type HarnessOptions, startDiscovery, told, webIdentity } from './discovery-harness.ts';

const { service, workload } = typeUrls;
const ordersIdentity = { ...webIdentity, serviceAccount: 'orders' };

let mesh: Harness;
afterEach(() => mesh.stop());

async function start(options?: HarnessOptions): Promise<Harness> {
  mesh = await startDiscovery(options);
  mesh.source.service('catalog');
  mesh.source.publish();
  return mesh;
}

describe('a discovery stream that names a pod', () => {
  it("is refused where the pod is known as another service account's, and served where it is its own", async () => {
    const { source, client: connect } = await start();
    source.workload('orders-1', 'orders');
    source.workload('web-1', 'web');
    source.publish();
    const foreign = connect('shop/orders-1');
    foreign.subscribe(service, 'shop/catalog');
    const { code, details } = await foreign.ended;
    expect(code).toBe(status.PERMISSION_DENIED);
    expect(details).toContain('node shop/orders-1 is a pod of service account orders');
    const own = connect('shop/web-1');
    own.subscribe(workload, 'shop/web-1');
    expect(told(await own.nextAcked())).toEqual(['+shop/web-1@1']);
  });

  it('is served while the pod is not known yet, and told of its workload as it is', async () => {
    const { source, client: connect } = await start();
    const client = connect('shop/web-1');
    client.subscribe(service, 'shop/catalog');
    expect(told(await client.nextAcked())).toEqual(['+shop/catalog@1']);
    client.subscribe(workload, 'shop/web-1');
    expect(told(await client.nextAcked())).toEqual(['-shop/web-1']);
    source.workload('web-1', 'web');
    source.publish();
    expect(told(await client.nextAcked())).toEqual(['+shop/web-1@1']);
  });

  it('waits for the first configuration, and is judged by it', async () => {
    mesh = await startDiscovery();
    const client = mesh.client('shop/orders-1');
    client.subscribe(service, 'shop/catalog');
    await mesh.untilSubscriptions(1);
    mesh.source.workload('orders-1', 'orders');
    mesh.source.publish();
    expect(await client.ended).toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it("is ended, and counts nowhere any more, when the pod becomes known as another service account's", async () => {
    const { source, service: discovery, registry, client: connect } = await start();
    source.routes('catalog');
    source.publish();
    const client = connect('shop/orders-1');
    client.subscribe(typeUrls.routes, 'shop/catalog:80');
    await client.nextAcked();
    await eventually(() =>
      expect([...discovery.held.holdersOf('routes', 'shop/catalog:80')]).toMatchObject([{ taken: '1' }]),
    );
    source.workload('orders-1', 'orders');
    source.publish();
    expect(await client.ended).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining('is one of web'),
    });
    expect([...discovery.held.holdersOf('routes', 'shop/catalog:80')]).toEqual([]);
    expect(registry.render()).toContain('tulle_discovery_streams_closed_total{reason="not_admitted"} 1');
  });

  it('holds nothing where the request that ends it tells of what it has', async () => {
    const {
      source,
      service: discovery,
      client: connect,
    } = await start({
      debounce: { quietMs: 60_000, maxMs: 60_000 },
    });
    source.routes('catalog');
    source.publish();
    const client = connect('shop/orders-1');
    client.subscribe(service, 'shop/catalog');
    await client.nextAcked();
    source.workload('orders-1', 'orders');
    source.publish();
    const initialResourceVersions = { 'shop/catalog:80': '1' };
    client.send({
      typeUrl: typeUrls.routes,
      resourceNamesSubscribe: ['shop/catalog:80'],
      initialResourceVersions,
    });
    expect(await client.ended).toMatchObject({ code: status.PERMISSION_DENIED });
    expect([...discovery.held.holdersOf('routes', 'shop/catalog:80')]).toEqual([]);
  });

  it("takes no stream away from the pod's own service account", async () => {
    const { client: connect } = await start({ limits: { streamsPerProxy: 1 } });
    const foreign = connect('shop/orders-1');
    foreign.subscribe(service, 'shop/catalog');
    await foreign.nextAcked();
    mesh.identity = ordersIdentity;
    const own = connect('shop/orders-1');
    own.subscribe(service, 'shop/catalog');
    expect(told(await own.nextAcked())).toEqual(['+shop/catalog@1']);
    const second = connect('shop/orders-1');
    second.subscribe(service, 'shop/catalog');
    expect(await second.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});
