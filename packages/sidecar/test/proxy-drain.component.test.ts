import { connect } from 'node:net';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCapturedPair } from './captured-pair.ts';
import { Cleanup } from './cleanup.ts';
import { connectHttp2, fetch } from './http2-peers.ts';
import { cluster, found, host, plainEndpoint, startApplication, startPair } from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const get = (to: string, path = '/') => `GET ${path} HTTP/1.1\r\nHost: ${to}\r\n\r\n`;

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe.each(['socket', 'handle'] as const)('a sidecar that drains, over %s transports', (backend) => {
  /** `server` is the one that drains; its application answers `/slow` when told, and calls `database.shop`. */
  async function open() {
    const gate = Promise.withResolvers<void>();
    let slowRequests = 0;
    const origin = await startApplication(cleanup, async (request, response) => {
      if (request.url === '/slow') {
        slowRequests++;
        await gate.promise;
      }
      response.end('served');
    });
    const database = await startApplication(cleanup, (_, response) => response.end('rows'));
    const pair = await startPair({ backend, authority, cleanup }, origin);
    const rows = cluster('shop/database:80', [plainEndpoint(database)]);
    pair.server.services.set('database.shop', found({ ...rows, protocol: 'http' }));
    const stop = () => {
      const state = { isOver: false };
      const over = pair.server.proxy.stop(8_000).then(() => {
        state.isOver = true;
      });
      return { state, over };
    };
    return { ...pair, gate, slowRequests: () => slowRequests, stop };
  }

  it('finishes what peers have under way and takes nothing new of them, while its application calls out', async () => {
    const { server, tcp, gate, slowRequests, stop } = await open();
    const { inboundPort, outboundPort } = server.proxy;
    const old = new RawClient(outboundPort, cleanup);
    old.send(get('database.shop'));
    await old.until('rows');
    old.take();
    tcp.send(get('server.shop', '/slow'));
    await eventually(() => expect(slowRequests()).toBe(1));

    const { state, over } = stop();
    await eventually(async () => expect(await canConnect(inboundPort)).toBe(false));
    old.send(get('database.shop'));
    expect(await old.until('rows')).not.toMatch(/connection: close/i);
    const fresh = new RawClient(outboundPort, cleanup);
    fresh.send(get('database.shop'));
    expect(await fresh.until('rows')).toMatch(/^HTTP\/1\.1 200/);
    const multiplexed = connectHttp2(cleanup, outboundPort);
    expect(await fetch(multiplexed, { ':authority': 'database.shop' })).toMatchObject({ status: 200 });

    expect(state.isOver).toBe(false);
    gate.resolve();
    expect(await tcp.until('served')).toMatch(/^HTTP\/1\.1 200/);
    fresh.socket.end();
    multiplexed.close();
    expect(await canConnect(outboundPort)).toBe(true);
    expect(state.isOver).toBe(false);
    old.socket.end();
    await over;
    expect(await canConnect(outboundPort)).toBe(false);
  });

  it('sends the next requests of its peers elsewhere, without losing one', async () => {
    const { client, server, tcp, stop } = await open();
    tcp.send(get('server.shop'));
    await tcp.until('served');
    const { over } = stop();
    await over;
    expect(await canConnect(server.proxy.inboundPort)).toBe(false);
    await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ open: 0 }] }));
  });

  it('may be told long before it is stopped, and can still be reached from within', async () => {
    const { client, server, tcp } = await open();
    const { inboundPort } = server.proxy;
    server.proxy.drain();
    expect(await canConnect(inboundPort)).toBe(false);
    tcp.send(get('server.shop'));
    expect(await tcp.until('x-tulle-reason: connect_failed')).toMatch(/^HTTP\/1\.1 502/);
    const own = new RawClient(server.proxy.outboundPort, cleanup);
    own.send(get('database.shop'));
    await own.until('rows');
    expect(server.proxy.describe()).toMatchObject({
      drain: { isDraining: true, inbound: { isAccepting: false }, outbound: { isAccepting: true } },
    });
    expect(client.proxy.describe()).toMatchObject({ drain: { isDraining: false } });
  });

  it('serves a captured client that had connected and not yet spoken, and ends one that stays silent', async () => {
    const origin = await startApplication(cleanup, (_, response) => response.end('served'));
    const { server, dialServer } = await startCapturedPair({ backend, authority, cleanup }, origin);
    const [speaking, silent] = [dialServer(), dialServer()];
    await eventually(() =>
      expect(server.proxy.describe()).toMatchObject({ listeners: { inbound: { connections: 2 } } }),
    );
    server.proxy.drain();
    let text = '';
    speaking.on('data', (data: Buffer) => {
      text += data.toString();
    });
    speaking.write(get('server.shop'));
    await eventually(() => expect(text).toContain('served'));
    await eventually(() => expect(speaking.readableEnded).toBe(true));
    speaking.end();
    await eventually(() => expect(silent.destroyed).toBe(true));
    await eventually(() =>
      expect(server.proxy.describe()).toMatchObject({ drain: { inbound: { connections: 0 } } }),
    );
  });
});
