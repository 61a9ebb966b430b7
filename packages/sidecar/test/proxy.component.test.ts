import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import {
  clientId,
  seenBy,
  serverId,
  startApplication,
  startEcho,
  startPair,
  startRawApplication,
} from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

describe.each(['socket', 'handle'] as const)('proxy over %s transports', (backend) => {
  const open = (originPort: number, options = {}) =>
    startPair({ backend, authority, cleanup, ...options }, originPort);

  describe('a request across two sidecars', () => {
    it('arrives, is answered, counted and logged on both sides', async () => {
      const { tcp, client, server } = await open(await startEcho(cleanup));
      tcp.send(
        'POST /a?b=1 HTTP/1.1\r\nHost: server.shop\r\nContent-Length: 5\r\nX-Tulle-Peer: me\r\n\r\nhello',
      );
      const text = await tcp.until('hello');
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(seenBy(text).url).toBe('/a?b=1');
      expect(seenBy(text).headers['x-request-id']).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-/,
      );
      expect(seenBy(text).headers).not.toHaveProperty('x-tulle-peer');
      await eventually(() => expect(server.accessLog).toHaveLength(1));
      expect(client.accessLog[0]).toMatchObject({
        direction: 'outbound',
        method: 'POST',
        path: '/a?b=1',
        authority: 'server.shop',
        destination: 'shop/server:80',
        backend: 'shop/server:80',
        destinationIdentity: serverId,
        code: 200,
        flag: '',
        requestBytes: 5,
        requestId: seenBy(text).headers['x-request-id'],
      });
      expect(server.accessLog[0]).toMatchObject({
        direction: 'inbound',
        sourceIdentity: clientId,
        code: 200,
      });
      expect(
        client.requests(
          'direction="outbound"',
          'code="200"',
          'security="mtls"',
          `destination_identity="${serverId}"`,
        ),
      ).toBe(1);
      expect(server.requests('direction="inbound"', `source_identity="${clientId}"`, 'code="200"')).toBe(1);
    });

    it('keeps the client and the pooled connections alive, and the request id', async () => {
      const { tcp, client, server } = await open(await startEcho(cleanup));
      for (let i = 0; i < 3; i++) {
        tcp.send(`GET /${i} HTTP/1.1\r\nHost: server.shop\r\nx-request-id: id-${i}\r\n\r\n`);
        const text = await tcp.until('0\r\n\r\n');
        expect(seenBy(tcp.take()).headers['x-request-id']).toBe(`id-${i}`);
        expect(text).not.toMatch(/connection: close/i);
      }
      expect(client.proxy.describe()).toMatchObject({ pools: [{ open: 1, idle: 1, inFlight: 0 }] });
      expect(server.proxy.describe()).toMatchObject({ listeners: { inbound: { connections: 1 } } });
    });

    it('takes absolute-form targets, whose authority wins over Host', async () => {
      const { tcp } = await open(await startEcho(cleanup));
      tcp.send('GET http://server.shop/x HTTP/1.1\r\nHost: other\r\n\r\n');
      const text = await tcp.until('0\r\n\r\n');
      expect(seenBy(text)).toMatchObject({ url: '/x', headers: { host: 'server.shop' } });
    });

    it('streams chunked bodies with trailers both ways', async () => {
      const origin = await startApplication(cleanup, (request, response) => {
        response.writeHead(200, { trailer: 'x-sum' });
        request.on('data', (chunk) => response.write(chunk));
        request.on('end', () => {
          response.addTrailers({ 'x-sum': `${request.trailers['x-in']}` });
          response.end();
        });
      });
      const { tcp } = await open(origin);
      tcp.send('POST / HTTP/1.1\r\nHost: server.shop\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      await tcp.until('abc');
      tcp.send('2\r\nde\r\n0\r\nx-in: 5\r\n\r\n');
      const text = await tcp.until('x-sum: 5\r\n\r\n');
      expect(text).toContain('de');
    });

    it('answers HEAD without a body and leaves the connection usable', async () => {
      const { tcp } = await open(
        await startApplication(cleanup, (_, response) => response.setHeader('content-length', 3).end('abc')),
      );
      tcp.send('HEAD / HTTP/1.1\r\nHost: server.shop\r\n\r\n');
      expect(await tcp.until('\r\n\r\n')).toMatch(/content-length: 3/i);
      tcp.send('GET / HTTP/1.1\r\nHost: server.shop\r\n\r\n');
      expect(await tcp.until('abc')).toMatch(/\r\n\r\nHTTP\/1\.1 200/);
    });

    it('handles pipelined requests one after another, local answers between', async () => {
      const { tcp } = await open(await startEcho(cleanup));
      const get = (path: string, to = 'server.shop') => `GET ${path} HTTP/1.1\r\nHost: ${to}\r\n\r\n`;
      tcp.send(get('/1') + get('/2', 'nowhere') + get('/3') + get('/4'));
      await tcp.until('"/4"');
      const urls = [...tcp.text.matchAll(/"url":"(\/\d)"|(unknown_host)/g)].map((m) => m[1] ?? m[2]);
      expect(urls).toEqual(['/1', 'unknown_host', '/3', '/4']);
    });

    it('reads a head that comes byte by byte', async () => {
      const { tcp } = await open(await startEcho(cleanup));
      tcp.socket.setNoDelay(true);
      for (const byte of 'GET /slow HTTP/1.1\r\nHost: server.shop\r\n\r\n') {
        tcp.send(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(seenBy(await tcp.until('0\r\n\r\n')).url).toBe('/slow');
    });

    it('carries large bodies whole, and waits for the slower side', async () => {
      const size = 24 * 1024 * 1024;
      const { tcp, client } = await open(
        await startApplication(cleanup, (_, response) => response.end(Buffer.alloc(size, 120))),
      );
      tcp.countOnly();
      tcp.socket.pause();
      tcp.send('GET /big HTTP/1.1\r\nHost: server.shop\r\n\r\n');
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(client.accessLog).toHaveLength(0);
      expect(process.memoryUsage().rss - before).toBeLessThan(size * 2);
      tcp.socket.resume();
      await eventually(() => expect(tcp.bytes).toBeGreaterThanOrEqual(size), { timeoutMs: 15_000 });
      await eventually(() => expect(client.accessLog[0]).toMatchObject({ code: 200, responseBytes: size }));
    });

    it('uploads large bodies whole to an application that starts late', async () => {
      const size = 16 * 1024 * 1024;
      const { tcp } = await open(
        await startApplication(cleanup, (request, response) => {
          let bytes = 0;
          setTimeout(() => {
            request.on('data', (chunk: Buffer) => {
              bytes += chunk.length;
            });
          }, 200);
          request.on('end', () => response.end(`got ${bytes}`));
        }),
      );
      tcp.send(`PUT /big HTTP/1.1\r\nHost: server.shop\r\nContent-Length: ${size}\r\n\r\n`);
      tcp.send(Buffer.alloc(size, 121));
      await tcp.until(`got ${size}`);
    });
  });

  describe('interim responses and early answers', () => {
    it('passes 100-continue on, then the body, then the answer', async () => {
      const { tcp } = await open(await startEcho(cleanup));
      tcp.send('POST / HTTP/1.1\r\nHost: server.shop\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
      await tcp.until('HTTP/1.1 100 Continue\r\n\r\n');
      tcp.send('body');
      expect(await tcp.until('body')).toMatch(/100 Continue\r\n\r\nHTTP\/1\.1 200/);
    });

    it('passes other interim responses on, but none to a 1.0 client', async () => {
      const origin = await startRawApplication(cleanup, (socket) => {
        socket.on('data', () =>
          socket.write(
            'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
          ),
        );
      });
      const { tcp, client } = await open(origin);
      tcp.send('GET / HTTP/1.1\r\nHost: server.shop\r\n\r\n');
      expect(await tcp.until('ok')).toMatch(
        /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 200/,
      );
      const old = new RawClient(client.proxy.outboundPort, cleanup);
      old.send('GET / HTTP/1.0\r\nHost: server.shop\r\n\r\n');
      expect(await old.untilEnd()).toMatch(/^HTTP\/1\.1 200/);
    });

    it('forwards an early final answer and closes', async () => {
      const origin = await startRawApplication(cleanup, (socket) => {
        socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig'));
      });
      const { tcp } = await open(origin);
      tcp.send('POST / HTTP/1.1\r\nHost: server.shop\r\nContent-Length: 1000000\r\n\r\nstart');
      const text = await tcp.untilEnd();
      expect(text).toMatch(/^HTTP\/1\.1 413/);
      expect(text).toMatch(/connection: close/i);
      expect(text).toMatch(/big$/);
    });
  });

  describe('framing for other clients', () => {
    const untilClose = () =>
      startRawApplication(cleanup, (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
      });

    it('gives a 1.1 client chunks where the application ends by closing', async () => {
      const { tcp } = await open(await untilClose());
      tcp.send('GET / HTTP/1.1\r\nHost: server.shop\r\n\r\n');
      const text = await tcp.until('\r\n0\r\n\r\n');
      expect(text).toMatch(/transfer-encoding: chunked/i);
      expect(text).toContain('until the end');
      expect(tcp.hasEnded).toBe(false);
    });

    it('gives a 1.0 client the payload and the close', async () => {
      const { tcp } = await open(await untilClose());
      tcp.send('GET / HTTP/1.0\r\nHost: server.shop\r\n\r\n');
      const text = await tcp.untilEnd();
      expect(text).toMatch(/\r\n\r\nuntil the end$/);
      expect(text).not.toMatch(/chunked/);
    });

    it('keeps a 1.0 connection only when asked to', async () => {
      const { tcp, client } = await open(
        await startApplication(cleanup, (_, response) => response.setHeader('content-length', 2).end('ok')),
      );
      tcp.send('GET / HTTP/1.0\r\nHost: server.shop\r\nConnection: keep-alive\r\n\r\n');
      expect(await tcp.until('ok')).toMatch(/connection: keep-alive/i);
      tcp.take();
      tcp.send('GET / HTTP/1.0\r\nHost: server.shop\r\n\r\n');
      expect(await tcp.untilEnd()).toMatch(/connection: close/i);
      expect(client.accessLog).toHaveLength(2);
    });
  });
});
