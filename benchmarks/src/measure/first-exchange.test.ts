import { createServer } from 'node:http';
import { createServer as createH2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FirstH1Exchange, FirstH2Exchange } from './first-exchange.ts';
import { holdConnections } from './idle-connections.ts';

const running: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of running.splice(0).reverse()) one.close();
});

interface Listening {
  listen(port: number, host: string, onListening: () => void): unknown;
  address(): unknown;
  close(): unknown;
}

async function listen(server: Listening): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(server);
  return (server.address() as AddressInfo).port;
}

test('every HTTP/1.1 connection is held after its answer', async () => {
  const server = createServer((_, response) => response.end('a'.repeat(1024)));
  const held = await holdConnections(20, {
    address: '127.0.0.1',
    port: await listen(server),
    tls: null,
    begin: () => new FirstH1Exchange('app', '/body'),
  });
  running.push(held);
  const count = await new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
  expect(count).toBe(20);
});

test('every HTTP/2 connection is held after its answer, and still answers a ping', async () => {
  const paths: (string | undefined)[] = [];
  const pings: Promise<boolean>[] = [];
  const server = createH2Server((request, response) => {
    paths.push(request.headers[':authority'], request.headers[':path']);
    response.end('a'.repeat(40_000));
  });
  server.on('session', (session) => {
    pings.push(new Promise((resolve) => void session.ping((error) => resolve(error === null))));
  });
  const port = await listen(server);
  const begin = () => new FirstH2Exchange('app', '/body');
  running.push(await holdConnections(3, { address: '127.0.0.1', port, tls: null, begin }));
  expect(paths).toEqual(['app', '/body', 'app', '/body', 'app', '/body']);
  expect(await Promise.all(pings)).toEqual([true, true, true]);
});

test('an answer that comes in pieces is complete with its last byte', () => {
  const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');
  const exchange = new FirstH1Exchange('app', '/');
  for (const byte of answer.subarray(0, -1)) exchange.take(Buffer.from([byte]));
  expect(exchange.isComplete).toBe(false);
  exchange.take(answer.subarray(-1));
  expect(exchange.isComplete).toBe(true);
});

test('an answer other than 200 is told', () => {
  const refusal = Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
  expect(() => new FirstH1Exchange('app', '/').take(refusal)).toThrow('503');
  const goAway = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(() => new FirstH2Exchange('app', '/').take(goAway)).toThrow('GOAWAY');
});

test('a connection that is closed before its answer is told', async () => {
  const port = await listen(createServer((request) => request.socket.destroy()));
  const begin = () => new FirstH1Exchange('app', '/');
  await expect(holdConnections(1, { address: '127.0.0.1', port, tls: null, begin })).rejects.toThrow(
    'connection 1 of 1',
  );
});
