import { describe, expect, it } from 'vitest';
import { type ParsedManifest, parseManifest } from './manifest.ts';

const route = (spec: unknown) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'r', namespace: 'shop' },
  spec,
});

function violationsOf(parsed: ParsedManifest): readonly string[] {
  return parsed.ok ? [] : parsed.violations.map(({ path, reason }) => `${path}: ${reason}`);
}

function pathsOf(parsed: ParsedManifest): readonly string[] {
  return parsed.ok ? [] : parsed.violations.map(({ path }) => path);
}

describe('parseManifest', () => {
  it('asks for an object with apiVersion and kind', () => {
    expect(violationsOf(parseManifest(null))).toContain(': is required');
    expect(pathsOf(parseManifest([]))).toEqual(['', 'apiVersion', 'kind']);
    expect(pathsOf(parseManifest({ apiVersion: 1, kind: '' }))).toEqual(['apiVersion']);
  });

  it('lets kinds pass that mean nothing to the mesh, also those that share a name with one that does', () => {
    const knative = parseManifest({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'a' },
    });
    expect(knative).toMatchObject({
      ok: true,
      value: { kind: 'foreign', type: 'serving.knative.dev/v1 Service' },
    });
    expect(parseManifest({ apiVersion: 'v1', kind: 'constructor', metadata: { name: 'a' } }).ok).toBe(true);
    expect(pathsOf(parseManifest({ apiVersion: 'v1', kind: 'Serv' }))).toContain('metadata.name');
  });

  it('refuses a version of a known kind that it cannot read', () => {
    const parsed = parseManifest({ ...route({}), apiVersion: 'gateway.networking.k8s.io/v2' });
    expect(violationsOf(parsed)).toEqual([
      'apiVersion: must be gateway.networking.k8s.io/v1 or gateway.networking.k8s.io/v1beta1 for HTTPRoute, not gateway.networking.k8s.io/v2',
    ]);
  });

  it('reports every violation with its path', () => {
    const parsed = parseManifest({
      ...route({
        parentRefs: [{ name: 'Bad_Name', port: 0 }],
        rules: [
          {
            matches: [
              { path: { type: 'Exact', value: 'books' }, method: 'get' },
              { headers: [{ name: 'a b', value: '' }] },
            ],
            backendRefs: [{ name: 'a', weight: -1 }, { name: 'b', port: '80' }, 'c'],
          },
        ],
      }),
      metadata: { namespace: 'Shop', labels: { 'tulle.dev/x': 1 } },
    });
    expect(pathsOf(parsed)).toEqual([
      'metadata.namespace',
      'metadata.name',
      'metadata.labels["tulle.dev/x"]',
      'spec.parentRefs[0].name',
      'spec.parentRefs[0].port',
      'spec.rules[0].matches[0].path.value',
      'spec.rules[0].matches[0].method',
      'spec.rules[0].matches[1].headers[0].name',
      'spec.rules[0].matches[1].headers[0].value',
      'spec.rules[0].backendRefs[0].weight',
      'spec.rules[0].backendRefs[0].port',
      'spec.rules[0].backendRefs[1].port',
      'spec.rules[0].backendRefs[2]',
      'spec.rules[0].backendRefs[2].name',
      'spec.rules[0].backendRefs[2].port',
    ]);
  });

  it.each([
    ['17 rules', { rules: Array(17).fill({}) }, 'spec.rules'],
    ['no rules', { rules: [] }, 'spec.rules'],
    ['65 matches in a rule', { rules: [{ matches: Array(65).fill({}) }] }, 'spec.rules[0].matches'],
    ['129 matches in all', { rules: Array(3).fill({ matches: Array(43).fill({}) }) }, 'spec.rules'],
    [
      '17 backendRefs',
      { rules: [{ backendRefs: Array(17).fill({ name: 'a', port: 1 }) }] },
      'spec.rules[0].backendRefs',
    ],
    ['33 parentRefs', { parentRefs: Array(33).fill({ name: 'a' }) }, 'spec.parentRefs'],
    [
      'a weight over a million',
      { rules: [{ backendRefs: [{ name: 'a', port: 1, weight: 1_000_001 }] }] },
      'spec.rules[0].backendRefs[0].weight',
    ],
    ['a repeated rule name', { rules: [{ name: 'a' }, { name: 'a' }] }, 'spec.rules[1].name'],
    [
      'a path of 1025 characters',
      { rules: [{ matches: [{ path: { value: `/${'a'.repeat(1_024)}` } }] }] },
      'spec.rules[0].matches[0].path.value',
    ],
    [
      'a path with ..',
      { rules: [{ matches: [{ path: { value: '/a/../b' } }] }] },
      'spec.rules[0].matches[0].path.value',
    ],
  ])('refuses %s', (_, spec, path) => {
    expect(pathsOf(parseManifest(route(spec)))).toEqual([path]);
  });

  it('takes exactly the limits', () => {
    expect(parseManifest(route({ rules: Array(16).fill({ matches: Array(8).fill({}) }) })).ok).toBe(true);
  });

  it('gives defaults as Gateway API has them', () => {
    const parsed = parseManifest(
      route({ parentRefs: [{ name: 'gw' }], rules: [{ backendRefs: [{ name: 'a', port: 80 }] }] }),
    );
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        parentRefs: [
          { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: null, verbatim: { name: 'gw' } },
        ],
        rules: [
          {
            matches: [{ pathMatch: { type: 'PathPrefix', value: '/' }, method: null, headers: [] }],
            backendRefs: [{ group: '', kind: 'Service', weight: 1, port: 80 }],
          },
        ],
      },
    });
  });

  it('notes what the mesh does not carry out yet, without refusing it', () => {
    const parsed = parseManifest(
      route({
        rules: [
          {
            matches: [{ queryParams: [{ name: 'a', value: 'b' }] }],
            filters: [{ type: 'RequestRedirect', requestRedirect: {} }],
            timeouts: { request: '1s' },
            backendRefs: [{ name: 'a', port: 80, filters: [{ type: 'CORS' }] }],
          },
        ],
      }),
    );
    expect(parsed.ok && parsed.value.kind === 'HTTPRoute' && parsed.value.unsupported).toEqual([
      { path: 'spec.rules[0].filters[0]', reason: 'the filter RequestRedirect is not supported yet' },
      { path: 'spec.rules[0].timeouts', reason: 'timeouts is not supported yet' },
      { path: 'spec.rules[0].matches[0].queryParams', reason: 'queryParams is not supported yet' },
      { path: 'spec.rules[0].backendRefs[0].filters[0]', reason: 'the filter CORS is not supported yet' },
    ]);
  });

  it('warns of a misspelt field', () => {
    const parsed = parseManifest(route({ rules: [{ backendRefs: [{ name: 'a', port: 80, wieght: 90 }] }] }));
    expect(parsed.ok).toBe(true);
    expect(parsed.warnings).toEqual([
      { path: 'spec.rules[0].backendRefs[0].wieght', reason: 'is not a known field' },
    ]);
  });
});

describe('parseManifest, core kinds', () => {
  it('reads a dual-stack service with canonical addresses', () => {
    const parsed = parseManifest({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'FD00:0:0::0001'], ports: [{ port: 80 }] },
    });
    expect(parsed).toMatchObject({
      value: { clusterIps: ['10.0.0.1', 'fd00::1'], isHeadless: false, metadata: { namespace: 'default' } },
    });
  });

  it.each(['300.1.1.1', '10.0.0', 'fe80::1%eth0', '1:2', 'a', '::1]/x'])(
    'refuses the cluster IP %s',
    (clusterIP) => {
      const parsed = parseManifest({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'a' },
        spec: { clusterIP },
      });
      expect(pathsOf(parsed)).toEqual(['spec.clusterIP']);
    },
  );

  it('asks several ports for names that differ', () => {
    const ports = [{ name: 'a', port: 80 }, { name: 'a', port: 81 }, { port: 81 }];
    const parsed = parseManifest({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { ports },
    });
    expect(pathsOf(parsed)).toEqual(['spec.ports[1].name', 'spec.ports[2].name', 'spec.ports[2].port']);
  });

  it('takes absent conditions of an endpoint as Kubernetes does', () => {
    const parsed = parseManifest({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'a', labels: { 'kubernetes.io/service-name': 'svc' } },
      addressType: 'IPv4',
      ports: [{ port: 8080 }],
      endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'], targetRef: { kind: 'Pod', name: 'p' } }],
    });
    expect(parsed).toMatchObject({
      value: {
        serviceName: 'svc',
        endpoints: [
          { address: '10.0.0.1', isReady: true, isServing: true, isTerminating: false, pod: 'default/p' },
        ],
      },
    });
  });

  it('reads of a pod what makes it a workload, and warns of labels and annotations out of form', () => {
    const pod = (annotation: string, inject: string) =>
      parseManifest({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'p',
          labels: { 'tulle.dev/inject': inject },
          annotations: { 'config.tulle.dev/inbound-port': annotation },
        },
        spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'tulle-sidecar' }] },
        status: { podIPs: [{ ip: '10.0.0.1' }] },
      });
    expect(pod('16006', 'enabled')).toMatchObject({
      value: {
        inboundPort: 16_006,
        injection: 'enabled',
        hasSidecar: true,
        serviceAccount: 'default',
        podIps: ['10.0.0.1'],
      },
      warnings: [],
    });
    const odd = pod('none', 'true');
    expect(odd).toMatchObject({ value: { inboundPort: 15_006, injection: 'unset' } });
    expect(odd.warnings.map(({ path }) => path)).toEqual([
      'metadata.labels["tulle.dev/inject"]',
      'metadata.annotations["config.tulle.dev/inbound-port"]',
    ]);
  });
});
