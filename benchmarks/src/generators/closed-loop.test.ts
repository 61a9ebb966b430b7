import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { runClosedLoop } from './closed-loop.ts';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function load(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(server);
  return runClosedLoop({
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    authority: 'app',
    path: '/body',
    headers: [],
    connections: 3,
    seconds: 0.2,
    pids: [process.pid],
  });
}

test('requests follow each other on every connection; time, CPU and answers count from the first of each', async () => {
  const ports = new Set<number | undefined>();
  let served = 0;
  const { requests, failed, cpuUs, p50Us } = await load((request, response) => {
    served++;
    ports.add(request.socket.remotePort);
    response.setHeader('content-length', 100_000).end('a'.repeat(100_000));
  });
  expect(ports.size).toBe(3);
  expect(failed).toBe(0);
  expect(requests).toBeGreaterThan(0);
  // Those that were under way at the end, and the first of each connection.
  expect(requests).toBeLessThanOrEqual(served + 3);
  expect(cpuUs).toBeGreaterThan(0);
  expect(p50Us).toBeGreaterThan(0);
});

test('a connection that is closed and an answer that is no 200 are failures', async () => {
  const second: unknown[] = [];
  const seen = new Set<unknown>();
  const { failed } = await load(({ socket }, response) => {
    const isSecond = seen.has(socket) && !second.includes(socket);
    seen.add(socket);
    if (isSecond) second.push(socket);
    if (isSecond && second.length === 1) socket.destroy();
    else response.writeHead(isSecond && second.length === 2 ? 500 : 200, { 'content-length': 0 }).end();
  });
  expect(failed).toBe(2);
});

test('a connection that has no first answer ends the run', async () => {
  await expect(load(({ socket }) => socket.destroy())).rejects.toThrow();
});
