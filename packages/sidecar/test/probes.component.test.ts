/** Long because every kind of probe is asked at the same port, of the same few servers. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { AdminServer, createLogger, MetricsRegistry, silentLogger, systemClock } from '@tulle/runtime';
import { createTestAuthority } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProbePages } from '../src/probes/create-probe-pages.ts';
import { parseProbes } from '../src/probes/parse-probes.ts';
import { createProbeMetrics } from '../src/probes/probe-metrics.ts';
import { Prober } from '../src/probes/prober.ts';

const host = '127.0.0.1';
let stops: (() => unknown)[];
let log: Record<string, unknown>[];
let metrics: MetricsRegistry;

beforeEach(() => {
  stops = [];
  log = [];
  metrics = new MetricsRegistry();
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** The sidecar's port with these probes, as kubelet asks it. */
async function serve(probes: Record<string, unknown>) {
  const parsed = parseProbes(JSON.stringify(probes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const logger = createLogger({ level: 'debug', write: (line) => log.push(JSON.parse(line)) });
  const pages = createProbePages({
    settings: { probes: parsed.value, appHost: host },
    clock: systemClock,
    logger,
    metrics,
  });
  const server = new AdminServer({ name: 'probes', host, port: 0, pages, logger });
  await server.start();
  stops.push(() => server.stop());
  return async (name: string) => {
    const response = await fetch(`http://${host}:${server.port}/probe/${name}`);
    return { status: response.status, text: await response.text() };
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function application(answer: Answer): Promise<number> {
  const server = createHttpServer(answer);
  stops.push(() => server.closeAllConnections());
  return listen(server);
}

const plain =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end('the application says something');

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('HTTP probes', () => {
  it.each([
    [200, 200],
    [204, 200],
    [302, 200],
    [399, 200],
    [400, 400],
    [404, 404],
    [503, 503],
  ])('of an application that answers %i are answered %i', async (code, answered) => {
    const port = await application(plain(code));
    const ask = await serve({ 'web/liveness': { http: { port, path: '/healthz' } } });
    const { status: seen, text } = await ask('web/liveness');
    expect(seen).toBe(answered);
    expect(text).toContain(`answers ${code}`);
    expect(text).not.toContain('the application says something');
  });

  it('send what the probe says, as kubelet would', async () => {
    let seen: IncomingMessage | null = null;
    const port = await application((request, response) => {
      seen = request;
      response.end();
    });
    const headers = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Two', value: '1' },
      { name: 'X-Two', value: 'zwölf' },
      { name: 'Accept', value: '' },
    ];
    const ask = await serve({ 'web/startup': { http: { port, path: 'a b?c=d#e', headers } } });
    expect((await ask('web/startup')).status).toBe(200);
    expect(seen!.method).toBe('GET');
    expect(seen!.url).toBe('/a%20b?c=d');
    expect(seen!.headers).toMatchObject({
      host: 'shop.example',
      'x-two': `1, ${Buffer.from('zwölf').toString('latin1')}`,
      'user-agent': 'kube-probe/tulle',
      connection: 'close',
    });
    expect(seen!.headers.accept).toBeUndefined();
  });

  it('are made over HTTPS without asking whose certificate it is', async () => {
    const { certificatePem, privateKeyPem } = await (await createTestAuthority()).issue();
    const port = await listen(createHttpsServer({ cert: certificatePem, key: privateKeyPem }, plain(200)));
    const ask = await serve({
      'web/liveness': { http: { port, scheme: 'HTTPS' } },
      'web/readiness': { http: { port } },
    });
    expect((await ask('web/liveness')).status).toBe(200);
    expect((await ask('web/readiness')).status).toBeGreaterThanOrEqual(400);
  });

  it('follow redirects on the same host, and take one to another host as success', async () => {
    const other = await application(plain(500));
    const port = await application((request, response) => {
      if (request.url === '/healthy') return plain(200)(request, response);
      if (request.url === '/sick') return plain(500)(request, response);
      const locations: Record<string, string> = {
        '/to-healthy': '/healthy',
        '/to-sick': `http://${host}:${other}/`,
        '/away': 'http://elsewhere.example/sick',
        '/round': '/round',
      };
      plain(302, { location: locations[request.url ?? '']! })(request, response);
    });
    const http = (path: string) => ({ http: { port, path } });
    const ask = await serve({
      'healthy/liveness': http('/to-healthy'),
      'sick/liveness': http('/to-sick'),
      'away/liveness': http('/away'),
      'round/liveness': http('/round'),
    });
    expect((await ask('healthy/liveness')).text).toContain('answers 200');
    expect((await ask('sick/liveness')).status).toBe(500);
    expect(await ask('away/liveness')).toMatchObject({
      status: 200,
      text: expect.stringContaining('another host'),
    });
    expect(await ask('round/liveness')).toMatchObject({
      status: 502,
      text: expect.stringContaining('redirected'),
    });
  });

  it('go by the status once as much of the body has come as kubelet reads', async () => {
    const port = await application((_request, response) => {
      const more = () => response.write('x'.repeat(4_096), () => setImmediate(more));
      more();
    });
    const ask = await serve({ 'web/liveness': { http: { port } } });
    expect((await ask('web/liveness')).status).toBe(200);
  });

  it('are answered 504 after their time, and 502 where nobody listens', async () => {
    const silent = await application(() => {});
    const ask = await serve({
      'web/liveness': { http: { port: silent }, timeoutSeconds: 1 },
      'web/readiness': { http: { port: await closedPort() } },
    });
    const [late, refused] = await Promise.all([ask('web/liveness'), ask('web/readiness')]);
    expect(late).toEqual({ status: 504, text: 'http probe web/liveness: no answer within 1 s\n' });
    expect(refused).toMatchObject({ status: 502, text: expect.stringContaining('ECONNREFUSED') });
  });

  it('fail where they hold what no header may hold', async () => {
    const port = await application(plain(200));
    const headers = [{ name: 'X-Probe', value: 'a\r\nb: c' }];
    const ask = await serve({ 'web/liveness': { http: { port, headers } } });
    expect(await ask('web/liveness')).toMatchObject({
      status: 502,
      text: expect.stringMatching(/Invalid character in header content \["X-Probe"\]/),
    });
  });

  it('are made once for all who ask at the same time', async () => {
    let requests = 0;
    const port = await application((request, response) => {
      requests++;
      plain(200)(request, response);
    });
    const parsed = parseProbes(JSON.stringify({ 'web/readiness': { http: { port } } }));
    const [probe] = parsed.ok ? parsed.value : [];
    const prober = new Prober({
      probes: [probe!],
      host,
      clock: systemClock,
      logger: silentLogger,
      metrics: createProbeMetrics(metrics),
    });
    const outcomes = await Promise.all([1, 2, 3].map(() => prober.probe(probe!)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['success', 'success', 'success']);
    expect(requests).toBe(1);
    await prober.probe(probe!);
    expect(requests).toBe(2);
  });

  it('tell the log of a change, and count', async () => {
    let code = 503;
    const port = await application((request, response) => plain(code)(request, response));
    const ask = await serve({ 'web/readiness': { http: { port } } });
    await ask('web/readiness');
    await ask('web/readiness');
    code = 200;
    await ask('web/readiness');
    expect(log.map(({ msg, probe }) => [msg, probe])).toEqual([
      ['probe fails', 'web/readiness'],
      ['probe succeeds', 'web/readiness'],
    ]);
    expect(metrics.render()).toContain('tulle_probes_total{probe="web/readiness",outcome="failure"} 2');
  });
});

describe('hooks', () => {
  it('are answered whatever the application says, and cut where it says nothing', async () => {
    const port = await application(plain(500));
    const ask = await serve({
      'web/post-start': { http: { port } },
      'web/pre-stop': { http: { port: await closedPort() } },
    });
    expect((await ask('web/post-start')).status).toBe(500);
    await expect(ask('web/pre-stop')).rejects.toThrow();
  });
});

describe('TCP probes', () => {
  it('succeed where somebody listens', async () => {
    const port = await listen(createTcpServer());
    const ask = await serve({
      'db/liveness': { tcp: { port } },
      'db/readiness': { tcp: { port: await closedPort() } },
    });
    expect((await ask('db/liveness')).status).toBe(200);
    expect(await ask('db/readiness')).toMatchObject({
      status: 502,
      text: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

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
    stops.push(() => server.forceShutdown());
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
    const ask = await serve({ 'web/readiness': { grpc: { port, service } } });
    expect(await ask('web/readiness')).toMatchObject({ status: code, text: expect.stringContaining(text) });
  });

  it('name a server that has no health service, no gRPC, or no listener', async () => {
    const empty = new GrpcServer();
    stops.push(() => empty.forceShutdown());
    const http2 = createHttp2Server((_request, response) => response.writeHead(404).end());
    const ask = await serve({
      'none/liveness': { grpc: { port: await listenGrpc(empty) } },
      'http2/liveness': { grpc: { port: await listen(http2) } },
      'http1/liveness': { grpc: { port: await application(plain(200)) } },
      'closed/liveness': { grpc: { port: await closedPort() } },
      'silent/liveness': { grpc: { port: await listen(createTcpServer()) } },
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
