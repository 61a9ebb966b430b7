import type { MeshResources, ResourceKind } from '@tulle/model';
import fc from 'fast-check';
import { limits } from '../../limits.ts';
import { exampleRootPem } from './example-root.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const port = fc.integer({ min: 1, max: 65_535 });
const weight = fc.integer({ min: 0, max: limits.weight });
const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const path = fc.string({ maxLength: 40, unit: 'grapheme' }).map((text) => `/${text}`);
const someText = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
const identity = fc.record({ trustDomain: host, namespace: label, serviceAccount: label });
const servicePort = fc.record({ namespace: label, name: label, port });
const protocol = fc.constantFrom('http', 'h2c', 'grpc', 'tls', 'tcp', 'detect');
const transport = fc.oneof(
  fc.constant({ kind: 'plain' as const }),
  fc.record({ kind: fc.constant('mtls' as const), identity, meshPort: fc.oneof(port, fc.constant(null)) }),
);
const mtls = fc.record({
  mode: fc.constantFrom('strict' as const, 'permissive' as const, 'disable' as const),
  policy: fc.constantFrom('default', 'MeshConfig', 'shop/strict'),
});
const servicePortText = servicePort.map(({ namespace, name, port }) => `${namespace}/${name}:${port}`);

/** Any valid resource of each kind. */
export const arbitraryResources: { readonly [K in ResourceKind]: fc.Arbitrary<MeshResources[K]> } = {
  service: fc.record({
    namespace: label,
    name: label,
    ports: fc.uniqueArray(
      fc.record({
        port,
        name: fc.oneof(fc.constant(''), label),
        protocol,
      }),
      { selector: (item) => item.port },
    ),
    virtualIps: fc.array(ip, { maxLength: 3 }),
    hostnames: fc.array(host, { maxLength: 3 }),
  }),
  peer: fc.record({
    namespace: label,
    name: host,
    owner: host,
    addresses: fc.array(ip, { minLength: 1, maxLength: 3 }),
    transport,
    ports: fc.uniqueArray(
      fc.record({ port, protocol, services: fc.array(servicePortText, { maxLength: 3 }), transport }),
      { selector: (item) => item.port },
    ),
  }),
  endpoints: fc.record({
    namespace: label,
    name: label,
    port,
    protocol,
    endpoints: fc.array(
      fc.record({
        address: ip,
        port,
        transport,
        workload: fc.oneof(
          fc.constant(''),
          fc.tuple(label, host).map((pair) => pair.join('/')),
        ),
        owner: host,
        zone: fc.string({ maxLength: 20 }),
      }),
    ),
  }),
  routes: fc.record({
    namespace: label,
    name: label,
    port,
    rules: fc.array(
      fc.record({
        name: someText,
        match: fc.record({
          path: fc.oneof(
            fc.constant(null),
            fc.record({ kind: fc.constantFrom('exact' as const, 'prefix' as const), value: path }),
            fc.record({ kind: fc.constant('regex' as const), value: someText }),
          ),
          method: fc.constantFrom(null, 'GET', 'POST', 'PATCH'),
          headers: fc.array(
            fc.oneof(
              fc.record({ kind: fc.constant('exact' as const), name: label, value: fc.string() }),
              fc.record({ kind: fc.constant('regex' as const), name: label, value: someText }),
            ),
            { maxLength: 3 },
          ),
        }),
        backends: fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant('service' as const), service: servicePort, weight }),
            fc.record({ kind: fc.constant('invalid' as const), reason: fc.string(), weight }),
          ),
          { maxLength: 3 },
        ),
      }),
    ),
  }),
  workload: fc.record({
    namespace: label,
    name: host,
    identity,
    owner: host,
    addresses: fc.array(ip, { minLength: 1, maxLength: 3 }),
    ports: fc.uniqueArray(
      fc.record({ port, services: fc.array(servicePortText, { maxLength: 3 }), protocol, mtls }),
      { selector: (item) => item.port },
    ),
    defaultMtls: mtls,
    outbound: fc.record({ unknownDestinations: fc.constantFrom('allow' as const, 'refuse' as const) }),
  }),
  trustBundle: fc.record({
    trustDomain: host,
    rootsPem: fc.array(fc.constant(exampleRootPem), { minLength: 1, maxLength: 3 }),
  }),
};
