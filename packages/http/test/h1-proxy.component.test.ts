/** HTTP/1.1 through the codecs over real sockets, with plain node peers on either side. */
import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseBackend, type TransportBackend } from '../src/index.ts';
import { startForwarding } from './forwarding-proxy.ts';
import { RawPeer, RawServer } from './raw-peers.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** RFC 6455 section 1.3. */
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const upgrade = `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

/** RFC 6455 section 5.7: a text frame, masked and not. */
const maskedHello = '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58';
const hello = '\x81\x05Hello';

const backends: TransportBackend[] = chooseBackend() === 'handle' ? ['socket', 'handle'] : ['socket'];
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.each(backends)('over the %s backend', (backend) => {
  async function proxyTo(upstreamPort: number, upstreamMajor: 1 | 2 = 1) {
    const proxy = await startForwarding({ backend, upstreamPort, upstreamMajor });
    closing.push(() => proxy.close());
    return proxy;
  }

  async function rawServer() {
    const server = new RawServer();
    closing.push(() => server.close());
    return { server, port: await server.listen() };
  }

  function rawClient(port: number): RawPeer {
    const client = RawPeer.connect(port);
    closing.push(() => client.socket.destroy());
    return client;
  }

  async function origin(listener: RequestListener) {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close().closeAllConnections());
    return { server, port: (server.address() as AddressInfo).port };
  }

  it.each<[path: string, hops: (1 | 2)[]]>([
    ['HTTP/1.1', [1]],
    ['HTTP/2 between two proxies (RFC 8441)', [1, 2]],
  ])('WebSocket passes by %s, and each direction ends on its own', async (_, hops) => {
    const { server, port } = await rawServer();
    let front = port;
    for (const major of hops) front = (await proxyTo(front, major)).port;
    const client = rawClient(front);
    client.send(upgrade);
    const upstream = await server.peer(0);
    const asked = (await upstream.until('\r\n\r\n')).toLowerCase();
    expect(asked).toContain('get /chat http/1.1\r\n');
    expect(asked).toContain(`sec-websocket-key: ${KEY.toLowerCase()}\r\n`);
    expect(asked).toContain('connection: upgrade\r\nupgrade: websocket\r\n');
    upstream.send(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n${hello}`,
    );
    const answered = await client.until(hello);
    expect(answered.startsWith('HTTP/1.1 101 ')).toBe(true);
    expect(answered.toLowerCase().match(/sec-websocket-accept: .*/)?.[0]).toBe(
      `sec-websocket-accept: ${ACCEPT.toLowerCase()}`,
    );
    client.send(maskedHello);
    await upstream.until(maskedHello);
    client.end();
    await upstream.untilEnd();
    upstream.send('after the end of the client');
    await client.until('after the end of the client');
    upstream.end();
    await client.untilEnd();
  });

  it('a refused upgrade is an ordinary response, and both connections go on', async () => {
    const { server, port } = await rawServer();
    const client = rawClient((await proxyTo(port)).port);
    client.send(`${upgrade}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
    const upstream = await server.peer(0);
    await upstream.until('/chat');
    upstream.send('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno');
    await upstream.until('GET /next');
    upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes');
    expect(await client.until('yes')).toContain('HTTP/1.1 426 ');
    expect(server.peers).toHaveLength(1);
  });

  it('RFC 9110 section 9.3.6: CONNECT tunnels bytes', async () => {
    const { server, port } = await rawServer();
    const client = rawClient((await proxyTo(port)).port);
    client.send('CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n\x16\x03');
    const upstream = await server.peer(0);
    await upstream.until('CONNECT b:443 HTTP/1.1\r\n');
    expect(upstream.text).not.toContain('\x16\x03');
    upstream.send('HTTP/1.1 200 Established\r\n\r\n\x16');
    await client.until('\r\n\r\n\x16');
    await upstream.until('\x16\x03');
  });

  it('RFC 9112 section 9.3.2: pipelined requests are answered in their order', async () => {
    const { port } = await origin((request, response) => response.end(`<${request.url}>`));
    const proxy = await proxyTo(port);
    const client = rawClient(proxy.port);
    const urls = Array.from({ length: 100 }, (_, i) => `/${i}`);
    client.send(urls.map((url) => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    await client.until('</99>');
    expect(client.text.match(/<[^>]+>/g)).toEqual(urls.map((url) => `<${url}>`));
    expect(proxy.forwarder.connections.size).toBe(1);
    expect(proxy.forwarder.failures).toEqual([]);
  });

  it('RFC 9110 section 10.1.1: 100 (Continue) comes from the server, and so may a refusal', async () => {
    const { server, port } = await origin((request, response) => {
      request.pipe(response);
    });
    server.on('checkContinue', (request: IncomingMessage, response) => {
      if (request.url === '/refused') response.writeHead(417).end();
      else {
        response.writeContinue();
        request.pipe(response);
      }
    });
    const client = rawClient((await proxyTo(port)).port);
    const head = 'Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';
    client.send(`POST /taken HTTP/1.1\r\n${head}`);
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.until('hello\r\n');
    client.send(`POST /refused HTTP/1.1\r\n${head}`);
    await client.until('HTTP/1.1 417 ');
    expect(await client.untilEnd()).toContain('connection: close');
  });

  it('RFC 9112 section 7.1: extensions end here, trailers go on, both ways', async () => {
    const { server, port } = await rawServer();
    const client = rawClient((await proxyTo(port)).port);
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;ext="a;b"\r\nhello\r\n0;last\r\nX-In: 1\r\n\r\n',
    );
    const upstream = await server.peer(0);
    expect(await upstream.until('X-In: 1\r\n\r\n')).toBe(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-In: 1\r\n\r\n',
    );
    upstream.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\nX-Out: 2\r\n\r\n');
    expect(await client.until('X-Out: 2\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Out: 2\r\n\r\n',
    );
  });

  it('HTTP/1.0: no chunks and no interim responses; the end is the end of the connection', async () => {
    const { server, port } = await rawServer();
    const client = rawClient((await proxyTo(port)).port);
    client.send('GET /old HTTP/1.0\r\n\r\n');
    const upstream = await server.peer(0);
    await upstream.until('GET /old HTTP/1.1\r\n');
    upstream.send(
      'HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n',
    );
    expect(await client.untilEnd()).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhi');
  });

  it.each([
    ['by length', true],
    ['chunked', false],
  ])('20 MB arrive whole in both directions, %s', async (_, hasLength) => {
    const { port } = await origin((request, response) => {
      const length = request.headers['content-length'];
      if (length !== undefined) response.setHeader('content-length', length);
      request.pipe(response);
    });
    const proxy = await proxyTo(port);
    const block = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < block.length; i++) block[i] = (i * 31) % 251;
    const sent = createHash('sha256');
    const received = createHash('sha256');
    const headers = hasLength ? { 'content-length': 20 * block.length } : {};
    const upload = httpRequest({ host: '127.0.0.1', port: proxy.port, method: 'POST', headers });
    const answered = new Promise<void>((resolve, reject) => {
      upload.on('error', reject);
      upload.on('response', (response) => {
        response.on('data', (chunk: Buffer) => received.update(chunk));
        response.on('end', resolve);
        response.on('error', reject);
      });
    });
    for (let i = 0; i < 20; i++) {
      sent.update(block);
      if (!upload.write(block)) await new Promise((resolve) => upload.once('drain', resolve));
    }
    upload.end();
    await answered;
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    expect(proxy.forwarder.failures).toEqual([]);
  });

  it('a client that goes away aborts upstream, and a server that does is told', async () => {
    const { server, port } = await rawServer();
    const proxy = await proxyTo(port);
    const leaving = rawClient(proxy.port);
    leaving.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const first = await server.peer(0);
    await first.until('\r\n\r\n');
    leaving.socket.resetAndDestroy();
    await first.untilEnd();
    const client = rawClient(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const second = await server.peer(1);
    await second.until('\r\n\r\n');
    second.socket.destroy();
    expect(await client.until('closed')).toContain('HTTP/1.1 502 ');
  });
});
