import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { serveHealth } from './grpc-health.ts';

/** A HealthCheckRequest as gRPC sends it. */
const requestFor = (service: string) =>
  service === ''
    ? Buffer.from([0, 0, 0, 0, 0])
    : Buffer.concat([
        Buffer.from([0, 0, 0, 0, service.length + 2, 0x0a, service.length]),
        Buffer.from(service),
      ]);

async function ask(path: string, service: string) {
  const server = serveHealth({ host: '127.0.0.1', port: 0 }, ['', 'reviews']);
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const stream = client.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    let status: unknown;
    stream.on('response', (headers) => {
      status ??= headers['grpc-status'];
    });
    stream.on('trailers', (headers) => {
      status = headers['grpc-status'];
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.end(requestFor(service));
    await once(stream, 'close');
    return { status, message: [...Buffer.concat(chunks)] };
  } finally {
    client.close();
    server.close();
  }
}

const check = '/grpc.health.v1.Health/Check';

test.each(['', 'reviews'])('the service "%s" is serving', async (service) => {
  expect(await ask(check, service)).toEqual({ status: '0', message: [0, 0, 0, 0, 2, 8, 1] });
});

test('a service that nobody knows is not found', async () => {
  expect(await ask(check, 'other')).toEqual({ status: '5', message: [] });
});

test('another method is not implemented', async () => {
  expect(await ask('/grpc.health.v1.Health/Watch', '')).toEqual({ status: '12', message: [] });
});
