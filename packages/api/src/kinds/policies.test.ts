import { describe, expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';
import { parseYamlDocuments } from '../yaml-documents.ts';

const object = (kind: string, spec: unknown, metadata: object) => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind,
  metadata,
  spec,
});

const policy = (spec: unknown) =>
  parseManifest(object('PeerAuthentication', spec, { name: 'p', namespace: 'shop' }));
const config = (spec: unknown, name = 'default') => parseManifest(object('MeshConfig', spec, { name }));

const told = (list: readonly { path: string; reason: string }[]) =>
  list.map(({ path, reason }) => `${path}: ${reason}`);
const violations = (parsed: ReturnType<typeof parseManifest>) => (parsed.ok ? [] : told(parsed.violations));

describe('PeerAuthentication', () => {
  it('is read as Istio has it, ports by number', () => {
    const text = `
apiVersion: tulle.dev/v1alpha1
kind: PeerAuthentication
metadata: { name: p, namespace: shop }
spec:
  selector: { matchLabels: { app: web, example.com/tier: "" } }
  mtls: { mode: STRICT }
  portLevelMtls:
    8080: { mode: DISABLE }
    "9090": { mode: UNSET }
`;
    const [document] = parseYamlDocuments(text, 'p.yaml').documents;
    expect(parseManifest(document!.object)).toMatchObject({
      ok: true,
      value: {
        selector: new Map([
          ['app', 'web'],
          ['example.com/tier', ''],
        ]),
        mode: 'strict',
        portModes: new Map([
          [8080, 'disable'],
          [9090, null],
        ]),
      },
      warnings: [],
    });
  });

  it.each([
    undefined,
    null,
    {},
    { mtls: {} },
    { mtls: { mode: 'UNSET' } },
    { selector: { matchLabels: {} } },
  ])('inherits where it says nothing: %j', (spec) => {
    expect(policy(spec)).toMatchObject({
      ok: true,
      value: { mode: null, selector: new Map(), portModes: new Map() },
      warnings: [],
    });
  });

  it('reports every violation with its path', () => {
    const spec = {
      selector: { matchLabels: { 'a/b/c': 'x', app: 'ä', n: 1 } },
      mtls: { mode: 'strict' },
      portLevelMtls: { http: { mode: 'STRICT' }, 70000: {}, 80: null, 81: { mode: 1 } },
    };
    expect(violations(policy(spec))).toEqual([
      'spec.selector.matchLabels["a/b/c"]: must have as its key a label name such as app or example.com/app',
      'spec.selector.matchLabels.app: must be letters, digits, "-", "_" and ".", at most 63 characters, not "ä"',
      'spec.selector.matchLabels.n: must be a text, not 1: put it in quotes',
      'spec.mtls.mode: must be one of STRICT, PERMISSIVE, DISABLE, UNSET, not "strict"',
      'spec.portLevelMtls["80"]: is required',
      'spec.portLevelMtls["81"].mode: must be a text, not 1: put it in quotes',
      'spec.portLevelMtls["70000"]: must have as its key a port of the pod from 1 to 65535, not "70000"',
      'spec.portLevelMtls.http: must have as its key a port of the pod from 1 to 65535, not "http"',
    ]);
  });

  it.each([
    ['ports without a selector', { portLevelMtls: { 80: { mode: 'STRICT' } } }, 'spec.portLevelMtls'],
    ['a selector that is a text', { selector: 'app=web' }, 'spec.selector'],
    ['a mode where an object is meant', { mtls: 'STRICT' }, 'spec.mtls'],
    ['a list of ports', { selector: { matchLabels: { a: 'b' } }, portLevelMtls: [80] }, 'spec.portLevelMtls'],
    [
      '65 labels',
      { selector: { matchLabels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) } },
      'spec.selector.matchLabels',
    ],
    [
      'a label value of 64 characters',
      { selector: { matchLabels: { app: 'x'.repeat(64) } } },
      'spec.selector.matchLabels.app',
    ],
  ])('refuses %s', (_, spec, path) => {
    const parsed = policy(spec);
    expect(parsed.ok ? [] : parsed.violations.map((violation) => violation.path)).toEqual([path]);
  });

  it('warns of fields that it does not know', () => {
    const spec = { selector: { matchlabels: {} }, mtls: { modus: 'STRICT' }, portLevelMTLS: {} };
    expect(told(policy(spec).warnings)).toEqual([
      'spec.selector.matchlabels: is not a known field',
      'spec.mtls.modus: is not a known field',
      'spec.portLevelMTLS: is not a known field',
    ]);
  });

  it('of another version is refused, of another group left alone', () => {
    const parsed = parseManifest({
      ...object('PeerAuthentication', {}, { name: 'p' }),
      apiVersion: 'tulle.dev/v1',
    });
    expect(violations(parsed)).toEqual([
      'apiVersion: must be tulle.dev/v1alpha1 for PeerAuthentication, not tulle.dev/v1',
    ]);
    const istio = { ...object('PeerAuthentication', {}, { name: 'p' }), apiVersion: 'security.istio.io/v1' };
    expect(parseManifest(istio)).toMatchObject({ ok: true, value: { kind: 'foreign' } });
  });
});

describe('MeshConfig', () => {
  it('has defaults', () => {
    expect(config(undefined)).toMatchObject({
      ok: true,
      value: { mtlsMode: null, unknownDestinations: 'allow', metadata: { namespace: '', name: 'default' } },
    });
  });

  it('takes a mode and what becomes of unknown destinations', () => {
    const spec = { mtls: { mode: 'STRICT' }, outbound: { unknownDestinations: 'Refuse' } };
    expect(config(spec)).toMatchObject({ value: { mtlsMode: 'strict', unknownDestinations: 'refuse' } });
  });

  it('takes defaults for new sidecars, numbers and quantities as people write them', () => {
    const spec = {
      trustDomain: 'mesh.example.com',
      proxy: {
        logLevel: 'warn',
        accessLog: 'json',
        drainSeconds: 30,
        drainDelaySeconds: 5,
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: 1, memory: '0.5Gi' } },
        excludedOutboundCidrs: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
        excludedOutboundPorts: [5432, '9000-9010'],
        excludedInboundPorts: ['22'],
      },
      tracing: { endpoint: 'http://otel:4318', sampleShare: 0.25 },
    };
    expect(config(spec)).toMatchObject({
      ok: true,
      value: {
        trustDomain: 'mesh.example.com',
        proxy: {
          logLevel: 'warn',
          accessLog: 'json',
          drainSeconds: 30,
          drainDelaySeconds: 5,
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '0.5Gi' } },
          excludedOutboundCidrs: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
          excludedOutboundPorts: ['5432', '9000-9010'],
          excludedInboundPorts: ['22'],
        },
        tracing: { endpoint: 'http://otel:4318', sampleShare: 0.25 },
      },
      warnings: [],
    });
  });

  it('says nothing for new sidecars where it is silent', () => {
    const nothing = { cpu: null, memory: null };
    expect(config({ proxy: null, tracing: {} })).toMatchObject({
      value: {
        trustDomain: null,
        proxy: {
          logLevel: null,
          accessLog: null,
          drainSeconds: null,
          drainDelaySeconds: null,
          resources: { requests: nothing, limits: nothing },
          excludedOutboundCidrs: [],
          excludedOutboundPorts: [],
          excludedInboundPorts: [],
        },
        tracing: { endpoint: null, sampleShare: null },
      },
    });
  });

  it('reports each default for new sidecars that would make a pod fail', () => {
    const spec = {
      trustDomain: 'Mesh',
      proxy: {
        logLevel: 'trace',
        accessLog: 'on',
        drainSeconds: 3_601,
        drainDelaySeconds: -1,
        resources: { requests: { cpu: '2', memory: '1GB' }, limits: { cpu: '1500m' } },
        excludedOutboundCidrs: ['10.0.0.0/33', 'fd00::/8/8', 'ten'],
        excludedOutboundPorts: [0, '9-8', null],
        excludedInboundPorts: 22,
      },
      tracing: { endpoint: 'otel:4318', sampleShare: 2 },
    };
    expect(violations(config(spec))).toEqual([
      'spec.trustDomain: must be a trust domain in lower case such as cluster.local, not "Mesh"',
      'spec.proxy.logLevel: must be one of debug, info, warn, error, silent, not "trace"',
      'spec.proxy.accessLog: must be one of off, errors, text, json, not "on"',
      'spec.proxy.drainSeconds: must be a whole number from 0 to 3600, not 3601',
      'spec.proxy.drainDelaySeconds: must be a whole number from 0 to 300, not -1',
      'spec.proxy.resources.requests.memory: must be a quantity such as 100m, 0.5 or 128Mi, not "1GB"',
      'spec.proxy.resources.requests.cpu: must not be more than its limit of 1500m',
      'spec.proxy.excludedOutboundCidrs[0]: must be a block of addresses such as 10.0.0.0/8 or fd00::/8, not "10.0.0.0/33"',
      'spec.proxy.excludedOutboundCidrs[1]: must be a block of addresses such as 10.0.0.0/8 or fd00::/8, not "fd00::/8/8"',
      'spec.proxy.excludedOutboundCidrs[2]: must be a block of addresses such as 10.0.0.0/8 or fd00::/8, not "ten"',
      'spec.proxy.excludedOutboundPorts[0]: must be a port or a range of ports such as 9000-9010, not 0',
      'spec.proxy.excludedOutboundPorts[1]: must be a port or a range of ports such as 9000-9010, not "9-8"',
      'spec.proxy.excludedOutboundPorts[2]: is required',
      'spec.proxy.excludedInboundPorts: must be a list, not 22',
      'spec.tracing.endpoint: must be a URL such as http://otel-collector.monitoring:4318, not "otel:4318"',
      'spec.tracing.sampleShare: must be a number from 0 to 1, not 2',
    ]);
  });

  it('reports every violation with its path, and warns of unknown fields', () => {
    const spec = { mtls: { mode: 'ON' }, outbound: { unknownDestinations: 'allow', other: 1 }, trust: 1 };
    const parsed = config(spec, 'other');
    expect(violations(parsed)).toEqual([
      'metadata.name: must be default, the one MeshConfig that a mesh has, not "other"',
      'spec.mtls.mode: must be one of STRICT, PERMISSIVE, DISABLE, UNSET, not "ON"',
      'spec.outbound.unknownDestinations: must be one of Allow, Refuse, not "allow"',
    ]);
    expect(told(parsed.warnings)).toEqual([
      'spec.outbound.other: is not a known field',
      'spec.trust: is not a known field',
    ]);
  });
});
