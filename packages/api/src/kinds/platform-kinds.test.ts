import { describe, expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';

const parse = (manifest: object, options = {}) => parseManifest(manifest, options);

function violationsOf(manifest: object): readonly string[] {
  const parsed = parse(manifest);
  return parsed.ok ? [] : parsed.violations.map(({ path, reason }) => `${path}: ${reason}`);
}

describe('Node', () => {
  const node = (metadata: object, status: object = {}) =>
    parse({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', ...metadata }, status });

  it('has the zone of its label, and none where that is missing or empty', () => {
    const label = 'topology.kubernetes.io/zone';
    expect(node({ labels: { [label]: 'eu-1a' } })).toMatchObject({ value: { zone: 'eu-1a' } });
    expect(node({ labels: { [label]: '' } })).toMatchObject({ value: { zone: null } });
    expect(node({})).toMatchObject({ value: { zone: null, metadata: { namespace: '' } } });
  });

  it('has its internal addresses in canonical form', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.0.0.7' },
      { type: 'ExternalIP', address: '192.0.2.7' },
      { type: 'Hostname', address: 'node-1' },
      { type: 'InternalIP', address: 'FD00:0::7' },
    ];
    expect(node({}, { addresses })).toMatchObject({ value: { addresses: ['10.0.0.7', 'fd00::7'] } });
  });
});

describe('EndpointSlice', () => {
  const slice = (endpoint: object) =>
    parse({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'shop' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], ...endpoint }],
      ports: [],
    });

  it('keeps where an endpoint stands and for whom it is meant', () => {
    const endpoint = {
      nodeName: 'node-1',
      zone: 'eu-1a',
      hints: { forZones: [{ name: 'eu-1a' }, { name: 'eu-1b' }], forNodes: [{ name: 'node-1' }] },
    };
    expect(slice(endpoint)).toMatchObject({
      value: {
        endpoints: [
          { nodeName: 'node-1', zone: 'eu-1a', forZones: ['eu-1a', 'eu-1b'], forNodes: ['node-1'] },
        ],
      },
    });
  });

  it('takes an endpoint without any of that, and an empty zone for none', () => {
    expect(slice({ zone: '', nodeName: null, hints: null })).toMatchObject({
      value: { endpoints: [{ nodeName: null, zone: null, forZones: [], forNodes: [] }] },
    });
  });
});

describe('NetworkPolicy', () => {
  const policy = (spec: object) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec,
  });
  const everyPod = { matchLabels: new Map(), matchExpressions: [] };

  it.each([
    ['ingress alone by default', { podSelector: {} }, { ingress: [], egress: null }],
    ['egress too where it has such rules', { podSelector: {}, egress: [] }, { ingress: [], egress: [] }],
    ['what its types say', { podSelector: {}, policyTypes: ['Egress'] }, { ingress: null, egress: [] }],
  ])('isolates %s', (_, spec, directions) => {
    expect(parse(policy(spec))).toMatchObject({ ok: true, value: { podSelector: everyPod, ...directions } });
  });

  it('reads rules: everybody, selectors that hold together, blocks, ports by number, name and range', () => {
    const ingress = [
      {},
      {
        from: [
          {
            podSelector: { matchLabels: { app: 'web' } },
            namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] },
          },
          { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
        ],
        ports: [{ port: 80 }, { port: 'metrics', protocol: 'UDP' }, { port: 8000, endPort: 8010 }, {}],
      },
    ];
    expect(parse(policy({ podSelector: {}, ingress }))).toMatchObject({
      value: {
        ingress: [
          { peers: null, ports: null },
          {
            peers: [
              {
                kind: 'pods',
                podSelector: { matchLabels: new Map([['app', 'web']]) },
                namespaceSelector: {
                  matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }],
                },
              },
              { kind: 'block', cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] },
            ],
            ports: [
              { port: 80, protocol: 'TCP', endPort: null },
              { port: 'metrics', protocol: 'UDP' },
              { port: 8000, endPort: 8010 },
              { port: null, protocol: 'TCP' },
            ],
          },
        ],
      },
    });
  });

  it('says what a rule must not be', () => {
    const ingress = [
      {
        from: [{}, { ipBlock: { cidr: '10.0.0.1' } }, { ipBlock: { cidr: '::/0' }, podSelector: {} }],
        ports: [{ port: 'web', endPort: 80 }],
      },
    ];
    expect(violationsOf(policy({ podSelector: {}, ingress }))).toEqual([
      'spec.ingress[0].from[0]: must have an ipBlock, a podSelector or a namespaceSelector',
      'spec.ingress[0].from[1].ipBlock.cidr: must be a block of addresses such as 10.0.0.0/8 or fd00::/8, not "10.0.0.1"',
      'spec.ingress[0].from[2].ipBlock: must not stand beside a selector',
      'spec.ingress[0].ports[0].endPort: needs a port by number',
    ]);
    const selector = { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] };
    expect(violationsOf(policy({ podSelector: selector }))).toEqual([
      'spec.podSelector.matchExpressions[0].values: must be absent with the operator Exists',
    ]);
  });
});

describe('an object that a cluster has stored', () => {
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r', namespace: 'shop', managedFields: [{ manager: 'kubectl' }] },
    spec: { parentRefs: [], rules: [{ backendRefs: [], somethingNew: 1 }] },
  };

  it('has no unknown fields to warn of', () => {
    expect(parse(route)).toMatchObject({ ok: true, warnings: [{ path: 'spec.rules[0].somethingNew' }] });
    expect(parse(route, { isStored: true })).toMatchObject({ ok: true, warnings: [] });
  });
});
