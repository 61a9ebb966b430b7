import { setTimeout as sleep } from 'node:timers/promises';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OutboundLookup } from '../src/config/mesh-view.ts';
import { type CapturedPairOptions, rule, startCapturedPair, virtualIp } from './captured-pair.ts';
import { Cleanup } from './cleanup.ts';
import { seenBy, startEcho } from './proxy-pair.ts';

const cleanup = new Cleanup();
let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const get = 'GET /path HTTP/1.1\r\nhost: any.example\r\n\r\n';

describe.each(['socket', 'handle'] as const)('captured HTTP on the %s backend', (backend) => {
  async function start(options: Partial<CapturedPairOptions> = {}) {
    const appPort = await startEcho(cleanup);
    return { ...(await startCapturedPair({ backend, authority, cleanup, ...options }, appPort)), appPort };
  }

  it('goes where the connection was going, over mutual TLS, whatever Host says', async () => {
    const { client, server, dial } = await start();
    const app = dial();
    app.send(get);
    const answer = await app.until('x-seen');
    expect(answer).toContain('200 OK');
    expect(seenBy(answer).headers).toMatchObject({ host: 'any.example' });
    expect(client.requests('security="mtls"', 'code="200"')).toBe(1);
    expect(server.requests('direction="inbound"', 'security="mtls"', 'source_workload="web"')).toBe(1);
  });

  it('keeps one connection for many requests, each counted', async () => {
    const { client, dial } = await start();
    const app = dial();
    for (let count = 1; count <= 3; count++) {
      app.send(get);
      await eventually(() => expect(app.text.split('HTTP/1.1 200').length - 1).toBe(count));
    }
    expect(client.requests('code="200"')).toBe(3);
  });

  it('is found where the client waits before its first request', async () => {
    const { client, dial } = await start();
    const app = dial();
    // Longer than a silent client is waited for: its server has been dialled by now.
    await sleep(300);
    app.send(get.slice(0, 10));
    await sleep(20);
    app.send(get.slice(10));
    expect(await app.until('x-seen')).toContain('200 OK');
    expect(client.requests('security="mtls"', 'code="200"')).toBe(1);
  });

  it.each([
    ['detect', 1],
    ['http', 0],
    ['grpc', 0],
  ] as const)(
    'has its server dialled while it is silent, unless its port is declared: %s',
    async (protocol, dialled) => {
      const { client, server, dial } = await start();
      const key = `${virtualIp.address}:${virtualIp.port}`;
      const { port } = client.addresses.get(key) as Extract<OutboundLookup, { kind: 'found' }>;
      client.addresses.set(key, { kind: 'found', port: { ...port, cluster: { ...port.cluster, protocol } } });
      const app = dial();
      // Longer than a silent client is waited for; nothing tells when that is over.
      await sleep(300);
      expect(server.sum('tulle_tls_handshakes_total', ['side="inbound"'])).toBe(dialled);
      app.send(get);
      expect(await app.until('\r\n\r\n')).toMatch(/^HTTP/);
    },
  );

  it('is answered 503 where discovery does not answer', async () => {
    const { client, dial } = await start();
    client.addresses.set(`${virtualIp.address}:${virtualIp.port}`, { kind: 'timeout' });
    const app = dial();
    app.send(get);
    expect(await app.until('\r\n\r\n')).toMatch(/503 .*x-tulle-reason: discovery_timeout/s);
  });

  it('waits for discovery, and then goes on', async () => {
    const { client, dial } = await start();
    const key = `${virtualIp.address}:${virtualIp.port}`;
    const known = client.addresses.get(key)!;
    const waiting: ((lookup: typeof known) => void)[] = [];
    client.addresses.set(key, { kind: 'pending', wait: (done) => void waiting.push(done) });
    const app = dial();
    app.send(get);
    await eventually(() => expect(waiting).toHaveLength(1));
    client.addresses.set(key, known);
    waiting[0]!(known);
    expect(await app.until('x-seen')).toContain('200 OK');
  });

  it('comes in plain from outside of the mesh where the port is permissive', async () => {
    const { server, dialServer } = await start();
    const socket = dialServer();
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write(get);
    await eventually(() => expect(text).toContain('200 OK'));
    expect(server.requests('direction="inbound"', 'security="plain"', 'code="200"')).toBe(1);
  });

  it('is cut in plain where the port is strict, and goes on over mutual TLS', async () => {
    const { server, dialServer, dial, appPort } = await start();
    server.setRule(appPort, rule('strict'));
    const socket = dialServer();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(get);
    await closed;
    expect(server.sum('tulle_connections_refused_total', ['reason="mtls_required"'])).toBe(1);
    const app = dial();
    app.send(get);
    expect(await app.until('x-seen')).toContain('200 OK');
  });

  it('loses its plain connections, and no other, when the port becomes strict', async () => {
    const { server, dialServer, dial, appPort } = await start();
    const plain = dialServer();
    plain.resume();
    plain.write(get);
    const app = dial();
    app.send(get);
    await app.until('x-seen');
    await eventually(() => expect(server.requests('security="plain"', 'code="200"')).toBe(1));
    const closed = new Promise((resolve) => plain.once('close', resolve));
    plain.once('end', () => plain.end());
    server.setRule(appPort, rule('strict'));
    await closed;
    app.text = '';
    app.send(get);
    expect(await app.until('x-seen')).toContain('200 OK');
    expect(app.isClosed).toBe(false);
  });

  it('refuses whoever dials the mesh port itself in plain', async () => {
    const { server, dialServer, serverDestination } = await start();
    serverDestination.current = null;
    const socket = dialServer();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(get);
    await closed;
    expect(server.sum('tulle_connections_refused_total', ['reason="not_captured"'])).toBe(1);
  });

  it('takes mutual TLS that dialled the mesh port itself, by the port in its server name', async () => {
    const { dial, serverDestination } = await start();
    serverDestination.current = null;
    const app = dial();
    app.send(get);
    expect(await app.until('x-seen')).toContain('200 OK');
  });

  it('refuses a connection that nothing has redirected', async () => {
    const { client, dial, clientDestination } = await start();
    clientDestination.current = null;
    const app = dial();
    app.send(get);
    await app.untilEnd();
    expect(client.sum('tulle_connections_refused_total', ['reason="not_captured"'])).toBe(1);
  });

  it('refuses a connection to the sidecar itself', async () => {
    const { client, dial, clientDestination } = await start({});
    clientDestination.current = { address: '::1', port: client.proxy.outboundPort };
    const app = dial();
    app.send(get);
    await app.untilEnd();
    expect(client.sum('tulle_connections_refused_total', ['reason="loop"'])).toBe(1);
  });
});
