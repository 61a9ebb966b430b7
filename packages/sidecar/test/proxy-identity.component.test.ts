import { connect as connectTls } from 'node:tls';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import {
  clientId,
  cluster,
  found,
  host,
  meshEndpoint,
  serverId,
  startApplication,
  startPair,
} from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
let otherAuthority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
  otherAuthority = await createTestAuthority();
});
afterEach(() => cleanup.run());

describe.each(['socket', 'handle'] as const)('identity over %s transports', (backend) => {
  async function open() {
    let requests = 0;
    const origin = await startApplication(cleanup, (_, response) => {
      requests++;
      response.end('secret');
    });
    const both = await startPair({ backend, authority, cleanup }, origin);
    const get = 'GET / HTTP/1.1\r\nHost: server.shop\r\n\r\n';
    return { ...both, get, origin, requests: () => requests };
  }

  const refusals = (of: { sum(name: string, pairs: string[]): number }, reason: string) =>
    of.sum('tulle_connections_refused_total', ['direction="inbound"', `reason="${reason}"`]);

  it('refuses a plaintext client on the mesh port', async () => {
    const { server, get, requests } = await open();
    const intruder = new RawClient(server.proxy.inboundPort, cleanup);
    intruder.send(get);
    await intruder.untilEnd();
    expect(intruder.text).not.toContain('secret');
    await eventually(() => expect(refusals(server, 'plaintext')).toBe(1));
    expect(requests()).toBe(0);
  });

  it('refuses a server with a certificate of another root', async () => {
    const { client, serverIdentity, tcp, get, requests } = await open();
    serverIdentity.set(await otherAuthority.issue({ spiffeId: serverId }), authority.rootPem);
    tcp.send(get);
    expect(await tcp.until('x-tulle-reason: tls_handshake_failed')).toMatch(/^HTTP\/1\.1 502/);
    expect(client.accessLog[0]).toMatchObject({ code: 502, flag: 'UF' });
    expect(requests()).toBe(0);
  });

  it('refuses a client with a certificate of another root', async () => {
    const { server, clientIdentity, tcp, get, requests } = await open();
    clientIdentity.set(await otherAuthority.issue({ spiffeId: clientId }), authority.rootPem);
    tcp.send(get);
    expect(await tcp.until('x-tulle-reason: ')).toMatch(/^HTTP\/1\.1 502/);
    await eventually(() => expect(refusals(server, 'untrusted')).toBe(1));
    expect(requests()).toBe(0);
  });

  it('refuses a server of the right root with another identity', async () => {
    const { client, serverIdentity, tcp, get, requests } = await open();
    serverIdentity.set(await authority.issue({ spiffeId: 'spiffe://cluster.local/ns/shop/sa/impostor' }));
    tcp.send(get);
    expect(await tcp.until('x-tulle-reason: peer_identity_mismatch')).toMatch(/^HTTP\/1\.1 502/);
    expect(client.accessLog[0]).toMatchObject({ code: 502, flag: 'UF', reason: 'peer_identity_mismatch' });
    expect(requests()).toBe(0);
  });

  it.each([
    ['outside the trust domain', 'spiffe://elsewhere.example/ns/shop/sa/client'],
    ['not of this form', 'spiffe://cluster.local/client'],
  ])('refuses a client of the right root with an identity %s', async (_, spiffeId) => {
    const { server, clientIdentity, tcp, get, requests } = await open();
    clientIdentity.set(await authority.issue({ spiffeId }));
    tcp.send(get);
    expect(await tcp.until('x-tulle-reason: ')).toMatch(/^HTTP\/1\.1 502/);
    await eventually(() => expect(refusals(server, 'identity')).toBe(1));
    expect(requests()).toBe(0);
  });

  it('reaches no port that the workload does not announce', async () => {
    const { client, server, tcp, requests, origin } = await open();
    server.inboundPorts.delete(origin);
    const elsewhere = cluster('shop/x:80', [meshEndpoint(origin, server.proxy.inboundPort)]);
    client.services.set('x.shop', found(elsewhere));
    tcp.send('GET / HTTP/1.1\r\nHost: x.shop\r\n\r\n');
    expect(await tcp.until('x-tulle-reason: port_not_announced')).toMatch(/^HTTP\/1\.1 503/);
    await eventually(() => expect(server.requests('direction="inbound"', 'code="503"')).toBe(1));
    expect(requests()).toBe(0);
  });

  it('refuses a server name that is none', async () => {
    const { server, requests } = await open();
    const leaf = await authority.issue({ spiffeId: clientId });
    const stranger = connectTls({
      host,
      port: server.proxy.inboundPort,
      cert: leaf.certificatePem,
      key: leaf.privateKeyPem,
      ca: leaf.rootsPem,
      ALPNProtocols: ['tulle-http/2'],
      servername: 'p80.example.com',
      checkServerIdentity: () => undefined,
    });
    stranger.on('error', () => {});
    cleanup.add(() => stranger.destroy());
    await eventually(() => expect(refusals(server, 'unknown_server_name')).toBe(1));
    expect(requests()).toBe(0);
  });

  it('goes on through a rotation of both certificates, on new connections', async () => {
    const { client, clientIdentity, serverIdentity, tcp, get } = await open();
    tcp.send(get);
    await tcp.until('secret');
    tcp.take();
    clientIdentity.set(await authority.issue({ spiffeId: clientId }));
    serverIdentity.set(await authority.issue({ spiffeId: serverId }));
    tcp.send(get);
    expect(await tcp.until('secret')).toMatch(/^HTTP\/1\.1 200/);
    await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ open: 1 }] }));
  });
});
