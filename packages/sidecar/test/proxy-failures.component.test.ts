import type { Socket } from 'node:net';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import { startApplication, startPair, startRawApplication } from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const get = (path = '/', to = 'plain.shop') => `GET ${path} HTTP/1.1\r\nHost: ${to}\r\n\r\n`;
const post = (path = '/') => `POST ${path} HTTP/1.1\r\nHost: plain.shop\r\nContent-Length: 2\r\n\r\nhi`;

describe.each(['socket', 'handle'] as const)('failures over %s transports', (backend) => {
  const open = (originPort: number, options = {}) =>
    startPair({ backend, authority, cleanup, ...options }, originPort);

  describe('an upstream that closes', () => {
    it.each([
      ['before a response', '', 502, 'UC', 'upstream_closed'],
      ['within a head', 'HTTP/1.1 200 OK\r\nconte', 502, 'UC', 'upstream_reset'],
    ])('%s', async (_, bytes, status, flag, reason) => {
      const { tcp, client } = await open(
        await startRawApplication(cleanup, (socket) => socket.once('data', () => socket.end(bytes))),
      );
      tcp.send(get());
      expect(await tcp.until(`x-tulle-reason: ${reason}`)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
      expect(client.accessLog[0]).toMatchObject({ code: status, flag, reason });
    });

    it.each([
      ['plain.shop', 'content-length: 100', 'UC', 'upstream_reset'],
      ['server.shop', 'content-length: 100', 'UR', 'upstream_stream_reset'],
      ['server.shop', 'transfer-encoding: chunked', 'UR', 'upstream_stream_reset'],
    ])('%s, within a body (%s): the client is cut off, too', async (to, framing, flag, reason) => {
      const { tcp, client } = await open(
        await startRawApplication(cleanup, (socket) =>
          socket.once('data', () => {
            socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhello\r\n`);
            setTimeout(() => socket.destroy(), 50);
          }),
        ),
      );
      tcp.send(get('/', to));
      await tcp.until('hello');
      await eventually(() => expect(tcp.isClosed).toBe(true));
      expect(tcp.error?.code).toBe('ECONNRESET');
      expect(tcp.text).not.toMatch(/0\r\n\r\n$/);
      expect(client.accessLog[0]).toMatchObject({ code: 200, flag, reason });
    });
  });

  it.each([
    ['a head that is none', 'SMTP ready\r\n\r\n'],
    ['a 101 that nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
    ['a large head', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`],
  ])('answers 502 to %s', async (_, bytes) => {
    const { tcp, client } = await open(
      await startRawApplication(cleanup, (socket) => socket.once('data', () => socket.write(bytes))),
    );
    tcp.send(get());
    expect(await tcp.until('x-tulle-reason: upstream_protocol_error')).toMatch(/^HTTP\/1\.1 502/);
    await eventually(() => expect(client.accessLog[0]).toMatchObject({ code: 502, flag: 'UPE' }));
  });

  describe('a pooled connection that dies under a request', () => {
    /** Serves one request a connection, then hangs up on the second without a word. */
    async function openFickle() {
      const requests: string[] = [];
      const origin = await startRawApplication(cleanup, (socket: Socket) => {
        let served = 0;
        socket.on('data', (chunk) => {
          requests.push(chunk.toString('latin1').split(' HTTP')[0]!);
          if (served++ === 0) socket.write(ok);
          else socket.destroy();
        });
      });
      const opened = await open(origin);
      opened.tcp.send(get('/first'));
      await opened.tcp.until('ok');
      opened.tcp.take();
      return { ...opened, requests };
    }

    it('is replaced once for an idempotent request', async () => {
      const { tcp, requests, client } = await openFickle();
      tcp.send(get('/again'));
      expect(await tcp.until('ok')).toMatch(/^HTTP\/1\.1 200/);
      expect(requests).toEqual(['GET /first', 'GET /again', 'GET /again']);
      expect(client.metrics.render()).toContain('tulle_retries_total{direction="outbound",result="sent"} 1');
    });

    it('is an error for any other, which may have been processed', async () => {
      const { tcp, requests } = await openFickle();
      tcp.send(post('/once'));
      expect(await tcp.until('upstream_closed')).toMatch(/^HTTP\/1\.1 502/);
      expect(requests).toEqual(['GET /first', 'POST /once']);
    });
  });

  it('notices an idle upstream that closes, and takes another', async () => {
    const { tcp } = await open(
      await startApplication(cleanup, (_, response) => response.setHeader('connection', 'close').end('ok')),
    );
    for (let i = 0; i < 3; i++) {
      tcp.send(post());
      await tcp.until('ok');
      tcp.take();
    }
  });

  it('gives the upstream up when the client goes away', async () => {
    let isGone = false;
    const origin = await startRawApplication(cleanup, (socket) => {
      socket.on('close', () => {
        isGone = true;
      });
      socket.on('end', () => socket.destroy());
    });
    const { tcp, client, server } = await open(origin);
    tcp.send(get('/', 'server.shop'));
    await eventually(() => expect(server.proxy.describe()).toMatchObject({ pools: [{ inFlight: 1 }] }));
    tcp.socket.destroy();
    await eventually(() => expect(isGone).toBe(true));
    await eventually(() => expect(client.accessLog[0]).toMatchObject({ code: 0, flag: 'DC' }));
    expect(client.proxy.describe()).toMatchObject({ pools: [{ inFlight: 0 }] });
  });

  describe('limits', () => {
    it('queues requests above the connections that one endpoint may have, and bounds the queue', async () => {
      const held: Socket[] = [];
      const origin = await startRawApplication(cleanup, (socket) =>
        socket.on('data', () => held.push(socket)),
      );
      const { client } = await open(origin, {
        limits: { maxConnectionsPerEndpoint: 1, maxQueuedPerEndpoint: 1 },
      });
      const clients = [0, 1, 2].map(() => new RawClient(client.proxy.outboundPort, cleanup));
      clients[0]!.send(get('/0'));
      await eventually(() => expect(held).toHaveLength(1));
      clients[1]!.send(`POST /1 HTTP/1.1\r\nHost: plain.shop\r\nContent-Length: 4\r\n\r\nbo`);
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ queued: 1 }] }));
      clients[2]!.send(get('/2'));
      expect(await clients[2]!.until('pool_overflow')).toMatch(/^HTTP\/1\.1 503/);
      held[0]!.write(ok);
      await clients[0]!.until('ok');
      clients[1]!.send('dy');
      await eventually(() => expect(held.length).toBeGreaterThan(1));
      held[0]!.write(ok);
      await clients[1]!.until('ok');
    });

    it('answers 503 when the queue is left too late', async () => {
      const origin = await startRawApplication(cleanup, () => {});
      const options = { limits: { maxConnectionsPerEndpoint: 1 }, timeouts: { queueMs: 100 } };
      const { tcp, client } = await open(origin, options);
      tcp.send(get('/0'));
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ inFlight: 1 }] }));
      const second = new RawClient(client.proxy.outboundPort, cleanup);
      second.send(get('/1'));
      expect(await second.until('pool_timeout')).toMatch(/^HTTP\/1\.1 503/);
    });

    it('answers 408 to a head that does not come, and 504 when nothing moves', async () => {
      const origin = await startRawApplication(cleanup, () => {});
      const { tcp, client } = await open(origin, { timeouts: { headMs: 200, streamIdleMs: 300 } });
      tcp.send('GET / HTTP/1.1\r\n');
      expect(await tcp.untilEnd()).toMatch(/^HTTP\/1\.1 408[\s\S]*head_timeout/);
      const second = new RawClient(client.proxy.outboundPort, cleanup);
      second.send(get());
      expect(await second.until('stream_idle_timeout')).toMatch(/^HTTP\/1\.1 504/);
    });

    it('closes idle connections on both sides', async () => {
      const { tcp, client } = await open(
        await startApplication(cleanup, (_, response) => response.end('ok')),
        { timeouts: { downstreamIdleMs: 300, upstreamIdleMs: 300 } },
      );
      tcp.send(get());
      await tcp.until('ok');
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ open: 0 }] }));
      await tcp.untilEnd();
    });
  });

  describe('the drain', () => {
    it('closes idle connections in the end, finishes what is under way, accepts no more', async () => {
      const release: (() => void)[] = [];
      const origin = await startApplication(cleanup, (_, response) => {
        release.push(() => response.end('done'));
      });
      const { tcp, client } = await open(origin);
      const idle = new RawClient(client.proxy.outboundPort, cleanup);
      const { outboundPort } = client.proxy;
      tcp.send(get());
      await eventually(() => expect(release).toHaveLength(1));
      const stopped = client.proxy.stop(3_000);
      await idle.untilEnd();
      idle.socket.end();
      const late = new RawClient(outboundPort, cleanup);
      await eventually(() => expect(late.error?.code).toBe('ECONNREFUSED'));
      release[0]!();
      const text = await tcp.untilEnd();
      expect(text).toMatch(/connection: close/i);
      expect(text).toContain('done');
      tcp.socket.end();
      await stopped;
    });

    it('cuts at the deadline what is not over by then', async () => {
      const { tcp, client } = await open(await startRawApplication(cleanup, () => {}));
      tcp.send(get());
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ inFlight: 1 }] }));
      await client.proxy.stop(100);
      await eventually(() => expect(tcp.isClosed).toBe(true));
      expect(client.accessLog[0]).toMatchObject({ reason: 'drain_deadline' });
    });
  });
});
