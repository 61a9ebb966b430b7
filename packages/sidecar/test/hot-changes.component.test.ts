/** What stands stays up while routes, endpoints, certificates and roots change under it. */
import type { RouteRule } from '@tulle/model';
import {
  createTestAuthority,
  EchoApplication,
  eventually,
  GrpcEcho,
  type LongLived,
  openGrpcChat,
  openKeepAlive,
  openWebSocket,
  type TestAuthority,
} from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster, CompiledRule } from '../src/config/mesh-view.ts';
import { Cleanup } from './cleanup.ts';
import { clientId, cluster, found, host, meshEndpoint, serverId, startPair } from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
let nextAuthority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
  nextAuthority = await createTestAuthority();
});
afterEach(() => cleanup.run());

/** All to one cluster, by a rule of its own. */
function ruleTo(to: Cluster): CompiledRule {
  const backends = [{ cumulativeWeight: 1, cluster: to, invalidReason: '' }];
  return { rule: { name: 'shop/route/0' } as RouteRule, matches: () => true, backends, totalWeight: 1 };
}

describe.each(['socket', 'handle'] as const)('long-lived connections over %s transports', (backend) => {
  async function open() {
    const web = await new EchoApplication('web').start(host);
    const other = await new EchoApplication('other').start(host);
    const grpc = await new GrpcEcho().start(host);
    for (const application of [web, other, grpc]) cleanup.add(() => application.stop());
    const pair = await startPair({ backend, authority, cleanup }, web.port);
    const { client, server } = pair;
    for (const { port } of [other, grpc]) server.inboundPorts.add(port);
    const meshed = ({ port }: { port: number }) => meshEndpoint(port, server.proxy.inboundPort);
    const clusters = {
      web: cluster('shop/web:80', [meshed(web), meshed(other)]),
      rest: cluster('shop/rest:80', [meshed(other)]),
      grpc: cluster('shop/grpc:80', [meshed(grpc)]),
    };
    client.services.set('web.shop', found({ ...clusters.web, endpoints: [meshed(web)] }));
    client.services.set('grpc.shop', found(clusters.grpc));
    const at = (name: string) => ({ address: host, port: client.proxy.outboundPort, authority: name });
    const standing: LongLived[] = [
      await openKeepAlive(at('web.shop')),
      await openWebSocket(at('web.shop')),
      openGrpcChat(at('grpc.shop')),
    ];
    for (const each of standing) cleanup.add(() => each.close());
    let words = 0;
    const expectAllToStand = async () => {
      for (const each of standing) {
        const word = `word-${++words}`;
        expect([each.kind, await each.say(word)]).toEqual([each.kind, word]);
      }
    };
    await expectAllToStand();
    const fresh = async (name: string) => {
      const tcp = new RawClient(client.proxy.outboundPort, cleanup);
      tcp.send(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
      const head = await tcp.until('\r\n\r\n');
      return { status: head.slice(9, 12), app: /x-app: (.*)\r\n/i.exec(head)?.[1] };
    };
    return { ...pair, web, other, clusters, meshed, expectAllToStand, fresh };
  }

  it('stand through a change of routes, which new requests follow', async () => {
    const { client, clusters, expectAllToStand, fresh } = await open();
    expect(await fresh('web.shop')).toEqual({ status: '200', app: 'web' });
    client.services.set('web.shop', found(clusters.web, [ruleTo(clusters.rest)]));
    client.services.set('grpc.shop', found(clusters.grpc, [ruleTo(clusters.grpc)]));
    await expectAllToStand();
    expect(await fresh('web.shop')).toEqual({ status: '200', app: 'other' });
    client.services.set('web.shop', found(clusters.web));
    await expectAllToStand();
  });

  it('stand while endpoints are added, and others removed', async () => {
    const { client, web, other, meshed, expectAllToStand, fresh } = await open();
    const lookup = client.services.get('web.shop')!;
    if (lookup.kind !== 'found') throw new Error('the service is set above');
    const { cluster: changing } = lookup.port;
    const [first] = changing.endpoints;
    expect(first!.port).toBe(web.port);
    changing.endpoints = [first!, meshed(other)];
    await expectAllToStand();
    await eventually(async () => expect((await fresh('web.shop')).app).toBe('other'));
    changing.endpoints = [first!];
    await eventually(async () => expect(client.proxy.describe()).toMatchObject({ pools: { length: 2 } }));
    await expectAllToStand();
  });

  it('stand, tunnels and streams alike, when their own endpoint leaves, and new requests go elsewhere', async () => {
    const { client, other, meshed, expectAllToStand, fresh } = await open();
    const lookup = client.services.get('web.shop')!;
    if (lookup.kind !== 'found') throw new Error('the service is set above');
    lookup.port.cluster.endpoints = [meshed(other)];
    expect(await fresh('web.shop')).toEqual({ status: '200', app: 'other' });
    await expectAllToStand();
  });

  it('stand through renewals on both sides, for longer than retired connections are kept', async () => {
    const { client, clientIdentity, serverIdentity, expectAllToStand, fresh } = await open();
    for (let renewal = 0; renewal < 3; renewal++) {
      clientIdentity.set(await authority.issue({ spiffeId: clientId }));
      await expectAllToStand();
      serverIdentity.set(await authority.issue({ spiffeId: serverId }));
      expect(await fresh('web.shop')).toEqual({ status: '200', app: 'web' });
      await expectAllToStand();
    }
    // Those of older certificates that nothing holds are closed; those that carry a stream or a tunnel are not.
    const endMs = performance.now() + 6_000;
    await eventually(() => expect(performance.now()).toBeGreaterThan(endMs), { timeoutMs: 10_000 });
    await expectAllToStand();
    expect(client.requests('code="502"') + client.requests('code="503"')).toBe(0);
  });

  it('stand while the roots are replaced with an overlap', async () => {
    const { clientIdentity, serverIdentity, expectAllToStand, fresh } = await open();
    const both = `${authority.rootPem}\n${nextAuthority.rootPem}\n`;
    const sides = [
      [clientIdentity, clientId],
      [serverIdentity, serverId],
    ] as const;
    const rotate = async (of: TestAuthority, rootsPem: string) => {
      for (const [identity, spiffeId] of sides) {
        identity.set(await of.issue({ spiffeId }), rootsPem);
        expect((await fresh('web.shop')).status).toBe('200');
        await expectAllToStand();
      }
    };
    await rotate(authority, both);
    await rotate(nextAuthority, both);
    await rotate(nextAuthority, nextAuthority.rootPem);
  });
});
