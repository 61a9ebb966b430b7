/** Upgrades end to end: WebSocket and any other protocol, between applications that speak HTTP/1.1. */
import { createHash } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import { host, seenBy, startEcho, startPair, startRawApplication } from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

/** RFC 6455 section 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const websocket = (to: string, more = '') =>
  `GET /chat HTTP/1.1\r\nHost: ${to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${more}\r\n`;

interface EchoOptions {
  readonly onHead?: (head: string) => void;
  /** What the application says right behind its 101. */
  readonly greeting?: string;
}

/** Accepts any upgrade as RFC 6455 has it for WebSocket, then echoes bytes, and its end. */
function startUpgrading({ onHead = () => {}, greeting = '' }: EchoOptions = {}): Promise<number> {
  return startRawApplication(cleanup, (socket: Socket) => {
    let head = '';
    socket.on('data', (chunk: Buffer) => {
      if (head.includes('\r\n\r\n')) {
        socket.write(chunk);
        return;
      }
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      onHead(head);
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head)?.[1];
      const protocol = /upgrade: (.*)\r\n/i.exec(head)?.[1] ?? '';
      const accept =
        key === undefined
          ? ''
          : createHash('sha1')
              .update(key + GUID)
              .digest('base64');
      const line = accept === '' ? '' : `Sec-WebSocket-Accept: ${accept}\r\n`;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${line}\r\n${greeting}`,
      );
    });
    socket.on('end', () => socket.end('bye'));
  });
}

describe.each(['socket', 'handle'] as const)('upgrades over %s transports', (backend) => {
  const open = (originPort: number) => startPair({ backend, authority, cleanup }, originPort);

  describe.each([
    ['one sidecar', 'plain.shop'],
    ['two sidecars', 'server.shop'],
  ])('through %s', (_, to) => {
    it('opens a WebSocket and carries bytes both ways, to the end of both', async () => {
      const heads: string[] = [];
      const { tcp, client } = await open(
        await startUpgrading({ onHead: (head) => heads.push(head), greeting: 'hi' }),
      );
      tcp.send(websocket(to));
      const text = await tcp.until('\r\n\r\nhi');
      expect(text).toMatch(/^HTTP\/1\.1 101 /);
      expect(text).toMatch(/\r\nconnection: upgrade\r\n/i);
      expect(text).toMatch(/\r\nupgrade: websocket\r\n/i);
      expect(text).toContain(ACCEPT);
      expect(heads[0]).toMatch(/^GET \/chat HTTP\/1\.1\r\n/);
      expect(heads[0]).toMatch(/\r\nupgrade: websocket\r\n/i);
      expect(heads[0]).toContain(KEY);
      expect(heads[0]).not.toContain('x-tulle');
      for (const word of ['one', 'two', 'three']) {
        tcp.take();
        tcp.send(word);
        await tcp.until(word);
      }
      tcp.take();
      tcp.socket.end('last');
      expect(await tcp.untilEnd()).toBe('lastbye');
      await eventually(() => expect(client.accessLog[0]).toMatchObject({ flag: '', method: 'GET' }));
      expect([101, 200]).toContain(client.accessLog[0]!.code);
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ pools: [{ inFlight: 0 }] }));
    });

    it('carries any other protocol too', async () => {
      const { tcp } = await open(await startUpgrading());
      tcp.send(`GET / HTTP/1.1\r\nHost: ${to}\r\nConnection: upgrade\r\nUpgrade: raft/1\r\n\r\n`);
      expect(await tcp.until('\r\n\r\n')).toMatch(/\r\nupgrade: raft\/1\r\n/i);
      tcp.send('ping');
      await tcp.until('ping');
    });

    it('passes the refusal of an upgrade on, and the connection serves the next request', async () => {
      const origin = await startRawApplication(cleanup, (socket) =>
        socket.on('data', () => socket.write('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 2\r\n\r\nno')),
      );
      const { tcp } = await open(origin);
      tcp.send(websocket(to));
      expect(await tcp.until('\r\n\r\nno')).toMatch(/^HTTP\/1\.1 426/);
      tcp.take();
      tcp.send(`GET / HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
      expect(await tcp.until('\r\n\r\nno')).toMatch(/^HTTP\/1\.1 426/);
    });

    it('ends the tunnel for both when either is gone', async () => {
      let isGone = false;
      const origin = await startRawApplication(cleanup, (socket) => {
        socket.once('data', () =>
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi',
          ),
        );
        socket.on('close', () => {
          isGone = true;
        });
      });
      const { tcp } = await open(origin);
      tcp.send(`GET / HTTP/1.1\r\nHost: ${to}\r\nConnection: upgrade\r\nUpgrade: raft/1\r\n\r\n`);
      await tcp.until('hi');
      tcp.socket.resetAndDestroy();
      await eventually(() => expect(isGone).toBe(true));
    });
  });

  it('opens a WebSocket that an HTTP/2 client asks for (RFC 8441) to an application of HTTP/1.1', async () => {
    const heads: string[] = [];
    const { client } = await open(await startUpgrading({ onHead: (head) => heads.push(head) }));
    const session = connectHttp2(`http://${host}:${client.proxy.outboundPort}`);
    cleanup.add(() => session.destroy());
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/chat',
      ':authority': 'server.shop',
      'sec-websocket-version': '13',
    });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('error', reject);
    });
    expect(headers[':status']).toBe(200);
    expect(heads[0]).toMatch(/^GET \/chat HTTP\/1\.1\r\n/);
    expect(heads[0]).toMatch(/\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/i);
    let heard = '';
    stream.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    stream.write('through the tunnel');
    await eventually(() => expect(heard).toBe('through the tunnel'));
    stream.end();
    await eventually(() => expect(heard).toBe('through the tunnelbye'));
  });

  it('drops an offer of h2c and serves, but refuses CONNECT', async () => {
    const { tcp, client } = await open(await startEcho(cleanup));
    tcp.send(
      'GET / HTTP/1.1\r\nHost: server.shop\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    );
    const seen = seenBy(await tcp.until('0\r\n\r\n')).headers;
    expect(seen).not.toHaveProperty('upgrade');
    expect(seen).not.toHaveProperty('http2-settings');
    const other = new RawClient(client.proxy.outboundPort, cleanup);
    other.send('CONNECT server.shop:443 HTTP/1.1\r\nHost: server.shop:443\r\n\r\n');
    expect(await other.until('connect_unsupported')).toMatch(/^HTTP\/1\.1 501/);
  });
});
