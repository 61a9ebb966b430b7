import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closedPort, host, ProbeHarness, plain } from './probe-harness.ts';

let harness: ProbeHarness;

beforeEach(() => {
  harness = new ProbeHarness();
});
afterEach(() => harness[Symbol.asyncDispose]());

describe('gRPC probes', () => {
  /** By service; what it does not know is NOT_FOUND. */
  const statuses: Record<string, number> = { '': 1, 'shop.Web': 1, 'shop.Down': 2 };

  async function healthServer(): Promise<number> {
    const server = new GrpcServer();
    const definition = {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestDeserialize: (message: Buffer) => ({ service: message.subarray(2).toString() }),
        requestSerialize: ({ service }: { service: string }) => Buffer.from(service),
        responseSerialize: (code: number) => Buffer.from([0x08, code]),
        responseDeserialize: (message: Buffer) => message[1]!,
      },
    };
    server.addService(definition, {
      check: (
        call: { request: { service: string } },
        done: (error: object | null, code?: number) => void,
      ) => {
        const known = statuses[call.request.service];
        if (known === undefined) done({ code: status.NOT_FOUND, details: 'unknown service' });
        else done(null, known);
      },
    });
    harness.onEnd(() => server.forceShutdown());
    return listenGrpc(server);
  }

  const listenGrpc = (server: GrpcServer) =>
    new Promise<number>((resolve, reject) =>
      server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );

  it.each([
    ['', 200, 'SERVING'],
    ['shop.Web', 200, 'SERVING'],
    ['shop.Down', 503, 'NOT_SERVING'],
    ['shop.Other', 404, 'does not know the service "shop.Other"'],
  ])('of the service "%s" are answered %i', async (service, code, text) => {
    const port = await healthServer();
    const ask = await harness.serve({ 'web/readiness': { grpc: { port, service } } });
    expect(await ask('web/readiness')).toMatchObject({ status: code, text: expect.stringContaining(text) });
  });

  it('name a server that has no health service, no gRPC, or no listener', async () => {
    const empty = new GrpcServer();
    harness.onEnd(() => empty.forceShutdown());
    const http2 = createHttp2Server((_request, response) => response.writeHead(404).end());
    const ask = await harness.serve({
      'none/liveness': { grpc: { port: await listenGrpc(empty) } },
      'http2/liveness': { grpc: { port: await harness.listen(http2) } },
      'http1/liveness': { grpc: { port: await harness.application(plain(200)) } },
      'closed/liveness': { grpc: { port: await closedPort() } },
      'silent/liveness': { grpc: { port: await harness.listen(createTcpServer()) } },
    });
    expect(await ask('none/liveness')).toMatchObject({
      status: 501,
      text: expect.stringContaining('does not implement the gRPC health protocol'),
    });
    expect((await ask('http2/liveness')).status).toBe(501);
    expect((await ask('http1/liveness')).status).toBeGreaterThanOrEqual(502);
    expect(await ask('closed/liveness')).toMatchObject({
      status: 502,
      text: expect.stringContaining('ECONNREFUSED'),
    });
    expect((await ask('silent/liveness')).status).toBe(504);
  });
});
