import { compileRouteMatch } from '@tulle/policy';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CompiledRule, OutboundLookup } from '../src/config/mesh-view.ts';
import { Cleanup } from './cleanup.ts';
import { cluster, found, plainEndpoint, startEcho, startPair } from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

describe.each(['socket', 'handle'] as const)('local answers over %s transports', (backend) => {
  const open = (originPort: number, options = {}) =>
    startPair({ backend, authority, cleanup, ...options }, originPort);

  const rule = (backends: CompiledRule['backends'], path = '/only'): CompiledRule => {
    const match = { path: { kind: 'prefix' as const, value: path }, method: null, headers: [] };
    return {
      rule: { name: 'shop/r/0', match, backends: [] },
      matches: compileRouteMatch(match),
      backends,
      totalWeight: backends.at(-1)?.cumulativeWeight ?? 0,
    };
  };
  const empty = cluster('shop/empty:80', []);
  const invalid = [{ cumulativeWeight: 1, cluster: null, invalidReason: 'service shop/gone is not found' }];
  const lookups: Record<string, OutboundLookup> = {
    'unknown.port': { kind: 'unknown-port', known: [80, 81] },
    'routed.shop': found(empty, [rule(invalid)]),
    'empty.shop': found(empty),
    'late.shop': { kind: 'timeout' },
  };

  it.each([
    ['unknown host', 'NR', 'unknown_host', 404, 'GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n'],
    ['HEAD to an unknown host', 'NR', 'unknown_host', 404, 'HEAD / HTTP/1.1\r\nHost: nowhere\r\n\r\n'],
    ['unknown port', 'NR', 'unknown_port', 404, 'GET / HTTP/1.1\r\nHost: unknown.port\r\n\r\n'],
    ['no rule matches', 'NR', 'route_not_found', 404, 'GET /other HTTP/1.1\r\nHost: routed.shop\r\n\r\n'],
    ['invalid backend', 'NR', 'invalid_backend', 500, 'GET /only/x?q HTTP/1.1\r\nHost: routed.shop\r\n\r\n'],
    ['no endpoint', 'UH', 'no_endpoint', 503, 'GET / HTTP/1.1\r\nHost: empty.shop\r\n\r\n'],
    ['discovery too late', 'NR', 'discovery_timeout', 503, 'GET / HTTP/1.1\r\nHost: late.shop\r\n\r\n'],
    ['nothing listens', 'UF', 'connect_failed', 502, 'GET / HTTP/1.1\r\nHost: dead.shop\r\n\r\n'],
    ['no method', 'DPE', 'bad_method', 400, 'BAD\r\n\r\n'],
    ['no Host', 'DPE', 'missing_host', 400, 'GET / HTTP/1.1\r\n\r\n'],
    ['long target', 'DPE', 'target_too_long', 414, `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    [
      'large head',
      'DPE',
      'head_too_large',
      431,
      `GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(62_000)}\r\n\r\n`,
    ],
    [
      'unknown coding',
      'DPE',
      'unsupported_encoding',
      501,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n',
    ],
    ['HTTP/2 in clear', 'DPE', 'unsupported_version', 505, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
    [
      'bad chunk',
      'DPE',
      'bad_chunk_size',
      400,
      'POST / HTTP/1.1\r\nHost: plain.shop\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
  ])('%s: %s %s', async (_what, flag, reason, status, request) => {
    const { tcp, client } = await open(await startEcho(cleanup));
    for (const [name, lookup] of Object.entries(lookups)) client.services.set(name, lookup);
    client.services.set('dead.shop', found(cluster('shop/dead:80', [plainEndpoint(1)])));
    tcp.send(request);
    const text = await tcp.until(`x-tulle-reason: ${reason}\r\n`);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (request.startsWith('HEAD')) expect(text).toMatch(/\r\n\r\n$/);
    await eventually(() => expect(client.accessLog).toHaveLength(1));
    expect(client.accessLog[0]).toMatchObject({ code: status, flag, reason });
    expect(client.requests(`code="${status}"`, `flag="${flag}"`)).toBe(1);
  });

  it('holds a request until discovery answers, then serves it and the next', async () => {
    const origin = await startEcho(cleanup);
    const { tcp, client } = await open(origin);
    const waiting: ((lookup: OutboundLookup) => void)[] = [];
    client.services.set('new.shop', { kind: 'pending', wait: (done) => void waiting.push(done) });
    const rest = 'GET /2 HTTP/1.1\r\nHost: server.shop\r\n\r\n';
    tcp.send(`POST /1 HTTP/1.1\r\nHost: new.shop\r\nContent-Length: 4\r\n\r\nbo`);
    await eventually(() => expect(waiting).toHaveLength(1));
    tcp.send(`dy${rest}`);
    waiting[0]!(found(cluster('shop/new:80', [plainEndpoint(origin)])));
    await tcp.until('"/2"');
    expect(tcp.text).toMatch(/"\/1"[\s\S]*body[\s\S]*"\/2"/);
    expect(client.accessLog[0]).toMatchObject({ destination: 'shop/new:80', code: 200 });
  });

  it('answers 503 when discovery times out, and when too many wait', async () => {
    const { tcp, client } = await open(await startEcho(cleanup), { limits: { maxHeldRequests: 1 } });
    const waiting: ((lookup: OutboundLookup) => void)[] = [];
    client.services.set('new.shop', { kind: 'pending', wait: (done) => void waiting.push(done) });
    tcp.send('GET / HTTP/1.1\r\nHost: new.shop\r\n\r\n');
    await eventually(() => expect(waiting).toHaveLength(1));
    const second = new RawClient(client.proxy.outboundPort, cleanup);
    second.send('GET / HTTP/1.1\r\nHost: new.shop\r\n\r\n');
    expect(await second.until('discovery_overflow')).toMatch(/^HTTP\/1\.1 503/);
    waiting[0]!({ kind: 'timeout' });
    expect(await tcp.until('discovery_timeout')).toMatch(/^HTTP\/1\.1 503/);
  });
});
