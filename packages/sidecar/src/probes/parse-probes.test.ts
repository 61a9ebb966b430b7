import { describe, expect, it } from 'vitest';
import { parseProbes } from './parse-probes.ts';

const faultsOf = (probes: unknown) => {
  const parsed = parseProbes(typeof probes === 'string' ? probes : JSON.stringify(probes));
  return parsed.ok ? [] : parsed.violations.map(({ path, reason }) => `${path} ${reason}`.trim());
};

describe('parseProbes', () => {
  it('reads what the injector writes', () => {
    const http = {
      port: 8080,
      path: '/healthz?full=1',
      scheme: 'HTTPS',
      host: null,
      headers: [{ name: 'X-Probe', value: 'a b' }],
    };
    const parsed = parseProbes(
      JSON.stringify({
        'web/liveness': { http, timeoutSeconds: 3 },
        'web/readiness': { grpc: { port: 9000, service: 'shop.Web' } },
        'db/startup': { tcp: { port: 5432 }, timeoutSeconds: 1 },
        'web/pre-stop': { http: { port: 8080 } },
      }),
    );
    expect(parsed).toEqual({
      ok: true,
      value: [
        { name: 'web/liveness', kind: 'liveness', target: { kind: 'http', ...http }, timeoutMs: 3_000 },
        {
          name: 'web/readiness',
          kind: 'readiness',
          target: { kind: 'grpc', port: 9000, service: 'shop.Web' },
          timeoutMs: 1_000,
        },
        { name: 'db/startup', kind: 'startup', target: { kind: 'tcp', port: 5432 }, timeoutMs: 1_000 },
        {
          name: 'web/pre-stop',
          kind: 'pre-stop',
          target: { kind: 'http', port: 8080, path: '/', scheme: 'HTTP', host: null, headers: [] },
          timeoutMs: 600_000,
        },
      ],
    });
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', 'is not JSON'],
    ['a list', [], 'must be an object of probes by <container>/<kind>'],
    ['too long a text', 'x'.repeat(200_000), 'may have 131072 characters, not 200000'],
    [
      'a name without a kind',
      { web: { tcp: { port: 1 } } },
      '"web" must be <container>/<kind>, of which kind',
    ],
    ['an unknown kind', { 'web/ready': { tcp: { port: 1 } } }, '"web/ready" must be <container>/<kind>'],
    ['a container of no name', { 'Web/liveness': { tcp: { port: 1 } } }, '"Web/liveness" must be'],
    ['nothing to ask', { 'a/liveness': {} }, '"a/liveness" must have one of http, grpc and tcp, not 0'],
    [
      'two ways to ask',
      { 'a/liveness': { tcp: { port: 1 }, grpc: { port: 1 } } },
      '"a/liveness" must have one of http, grpc and tcp, not 2',
    ],
    ['a port by name', { 'a/liveness': { tcp: { port: 'http' } } }, '"a/liveness".tcp.port must be a port'],
    ['a field too many', { 'a/liveness': { tcp: { port: 1, x: 1 } } }, '"a/liveness".tcp may only have'],
    [
      'a header of no name',
      { 'a/liveness': { http: { port: 1, headers: [{ name: 'a b', value: '' }] } } },
      '"a/liveness".http.headers[0].name must be the name of a header',
    ],
    [
      'a header that is too long',
      { 'a/liveness': { http: { port: 1, headers: [{ name: 'a', value: 'b'.repeat(9_000) }] } } },
      '"a/liveness".http.headers[0].value must be a text of up to 8192 characters',
    ],
    ['another scheme', { 'a/liveness': { http: { port: 1, scheme: 'FTP' } } }, 'must be HTTP or HTTPS'],
    ['no time', { 'a/liveness': { tcp: { port: 1 }, timeoutSeconds: 0 } }, 'must be a whole number from 1'],
    [
      'a hook by gRPC',
      { 'a/pre-stop': { grpc: { port: 1 } } },
      '"a/pre-stop" a pre-stop hook can only be http',
    ],
  ])('refuses %s', (_case, probes, fault) => {
    expect(faultsOf(probes).join()).toContain(fault);
  });

  it('reports every fault', () => {
    expect(
      faultsOf({ 'a/liveness': { tcp: { port: 0 }, timeoutSeconds: 'x' }, 'b/x': { tcp: { port: 1 } } }),
    ).toHaveLength(3);
  });
});
