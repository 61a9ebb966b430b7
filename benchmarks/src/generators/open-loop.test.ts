import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type OpenLoopOptions, runOpenLoop } from './open-loop.ts';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(server);
  return (server.address() as AddressInfo).port;
}

const load = (port: number, given: Partial<OpenLoopOptions> = {}) =>
  runOpenLoop({
    address: '127.0.0.1',
    port,
    authority: 'app',
    path: '/body',
    headers: ['X-Tenant: acme'],
    connections: 4,
    requestsPerSecond: 200,
    seconds: 0.25,
    ...given,
  });

test('as many requests are sent as the rate says, with their headers', async () => {
  const seen = new Set<string>();
  const port = await listen((request, response) => {
    seen.add(`${request.headers.host} ${request.url} ${request.headers['x-tenant']}`);
    response.setHeader('content-length', 1024).end('a'.repeat(1024));
  });
  expect(await load(port)).toMatchObject({ requests: 50, requestsPerSecond: 200, failed: 0 });
  expect([...seen]).toEqual(['app /body acme']);
});

test('what waits for a connection counts as latency, from when it was due', async () => {
  const port = await listen((_, response) => {
    setTimeout(() => response.setHeader('content-length', 0).end(), 20);
  });
  const { requests, p50Us, p99Us } = await load(port, {
    connections: 1,
    requestsPerSecond: 100,
    seconds: 0.2,
  });
  expect(requests).toBe(20);
  // 20 requests, one every 10 ms, take 20 ms each: the last waits for 190 ms or more.
  expect(p99Us).toBeGreaterThan(190_000);
  expect(p50Us).toBeGreaterThan(90_000);
});

test('refusals and lost connections are failures', async () => {
  let count = 0;
  const port = await listen((request, response) => {
    if (++count === 1) request.socket.destroy();
    else if (count === 2) response.writeHead(503, { 'content-length': 0 }).end();
    else response.setHeader('content-length', 0).end();
  });
  expect(await load(port)).toMatchObject({ requests: 48, failed: 2 });
});
