import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { silentLogger, systemClock } from '@tulle/runtime';
import { createTestAuthority } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseProbes } from '../src/probes/parse-probes.ts';
import { createProbeMetrics } from '../src/probes/probe-metrics.ts';
import { Prober } from '../src/probes/prober.ts';
import { closedPort, host, ProbeHarness, plain } from './probe-harness.ts';

let harness: ProbeHarness;

beforeEach(() => {
  harness = new ProbeHarness();
});
afterEach(() => harness[Symbol.asyncDispose]());

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
    const port = await harness.application(plain(code));
    const ask = await harness.serve({ 'web/liveness': { http: { port, path: '/healthz' } } });
    const { status: seen, text } = await ask('web/liveness');
    expect(seen).toBe(answered);
    expect(text).toContain(`answers ${code}`);
    expect(text).not.toContain('the application says something');
  });

  it('send what the probe says, as kubelet would', async () => {
    let seen: IncomingMessage | null = null;
    const port = await harness.application((request, response) => {
      seen = request;
      response.end();
    });
    const headers = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Two', value: '1' },
      { name: 'X-Two', value: 'zwölf' },
      { name: 'Accept', value: '' },
    ];
    const ask = await harness.serve({ 'web/startup': { http: { port, path: 'a b?c=d#e', headers } } });
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
    const port = await harness.listen(
      createHttpsServer({ cert: certificatePem, key: privateKeyPem }, plain(200)),
    );
    const ask = await harness.serve({
      'web/liveness': { http: { port, scheme: 'HTTPS' } },
      'web/readiness': { http: { port } },
    });
    expect((await ask('web/liveness')).status).toBe(200);
    expect((await ask('web/readiness')).status).toBeGreaterThanOrEqual(400);
  });

  it('follow redirects on the same host, and take one to another host as success', async () => {
    const other = await harness.application(plain(500));
    const port = await harness.application((request, response) => {
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
    const ask = await harness.serve({
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
    const port = await harness.application((_request, response) => {
      const more = () => response.write('x'.repeat(4_096), () => setImmediate(more));
      more();
    });
    const ask = await harness.serve({ 'web/liveness': { http: { port } } });
    expect((await ask('web/liveness')).status).toBe(200);
  });

  it('are answered 504 after their time, and 502 where nobody listens', async () => {
    const silent = await harness.application(() => {});
    const ask = await harness.serve({
      'web/liveness': { http: { port: silent }, timeoutSeconds: 1 },
      'web/readiness': { http: { port: await closedPort() } },
    });
    const [late, refused] = await Promise.all([ask('web/liveness'), ask('web/readiness')]);
    expect(late).toEqual({ status: 504, text: 'http probe web/liveness: no answer within 1 s\n' });
    expect(refused).toMatchObject({ status: 502, text: expect.stringContaining('ECONNREFUSED') });
  });

  it('fail where they hold what no header may hold', async () => {
    const port = await harness.application(plain(200));
    const headers = [{ name: 'X-Probe', value: 'a\r\nb: c' }];
    const ask = await harness.serve({ 'web/liveness': { http: { port, headers } } });
    expect(await ask('web/liveness')).toMatchObject({
      status: 502,
      text: expect.stringMatching(/Invalid character in header content \["X-Probe"\]/),
    });
  });

  it('are made once for all who ask at the same time', async () => {
    let requests = 0;
    const port = await harness.application((request, response) => {
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
      metrics: createProbeMetrics(harness.metrics),
    });
    const outcomes = await Promise.all([1, 2, 3].map(() => prober.probe(probe!)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['success', 'success', 'success']);
    expect(requests).toBe(1);
    await prober.probe(probe!);
    expect(requests).toBe(2);
  });

  it('tell the log of a change, and count', async () => {
    let code = 503;
    const port = await harness.application((request, response) => plain(code)(request, response));
    const ask = await harness.serve({ 'web/readiness': { http: { port } } });
    await ask('web/readiness');
    await ask('web/readiness');
    code = 200;
    await ask('web/readiness');
    expect(harness.log.map(({ msg, probe }) => [msg, probe])).toEqual([
      ['probe fails', 'web/readiness'],
      ['probe succeeds', 'web/readiness'],
    ]);
    expect(harness.metrics.render()).toContain(
      'tulle_probes_total{probe="web/readiness",outcome="failure"} 2',
    );
  });
});
