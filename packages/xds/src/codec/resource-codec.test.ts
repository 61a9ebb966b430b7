import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type MeshResources, type ResourceKind, resourceKinds } from '@tulle/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EndpointSchema, EndpointSetSchema } from '../gen/tulle/mesh/v1/endpoints_pb.ts';
import { PeerSchema } from '../gen/tulle/mesh/v1/peer_pb.ts';
import {
  HeaderMatchSchema,
  RouteMatchSchema,
  RouteRuleSchema,
  RouteTableSchema,
  WeightedBackendSchema,
} from '../gen/tulle/mesh/v1/routes_pb.ts';
import { ServiceSchema } from '../gen/tulle/mesh/v1/service_pb.ts';
import { TrustBundleSchema } from '../gen/tulle/mesh/v1/trust_bundle_pb.ts';
import { WorkloadSchema } from '../gen/tulle/mesh/v1/workload_pb.ts';
import { limits } from '../limits.ts';
import { decodeResource, encodeResource } from './resource-codec.ts';
import { arbitraryResources } from './testing/arbitrary-resources.ts';
import { exampleRootPem } from './testing/example-root.ts';

describe.each([...resourceKinds])('%s', (kind) => {
  test('decoding what was encoded gives the same resource', () => {
    fc.assert(
      fc.property(arbitraryResources[kind] as fc.Arbitrary<MeshResources[typeof kind]>, (resource) => {
        expect(decodeResource(kind, encodeResource(kind, resource))).toEqual({ ok: true, value: resource });
      }),
      { numRuns: 60 },
    );
  });

  test('decoding any bytes gives a value or violations, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const parsed = decodeResource(kind, bytes);
        if (!parsed.ok) expect(parsed.violations.length).toBeGreaterThan(0);
      }),
    );
  });

  test('decoding an encoded resource with one byte changed never throws', () => {
    fc.assert(
      fc.property(
        arbitraryResources[kind] as fc.Arbitrary<MeshResources[typeof kind]>,
        fc.nat(),
        fc.nat(255),
        (resource, at, value) => {
          const bytes = encodeResource(kind, resource);
          bytes[at % bytes.length] = value;
          decodeResource(kind, bytes);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function violationsOf(kind: ResourceKind, bytes: Uint8Array): readonly string[] {
  const parsed = decodeResource(kind, bytes);
  return parsed.ok ? [] : parsed.violations.map(({ path, reason }) => `${path}: ${reason}`);
}

test('every violation of a service is told with its path', () => {
  const bytes = toBinary(
    ServiceSchema,
    create(ServiceSchema, {
      namespace: 'Bad_Namespace',
      name: '',
      ports: [{ port: 0 }, { port: 70_000, name: 'Http' }, { port: 80, protocol: 99 as never }, { port: 80 }],
      virtualIps: ['10.0.0.300'],
      hostnames: ['UPPER.case', 'a..b'],
    }),
  );
  expect(violationsOf('service', bytes)).toEqual([
    'ports[0].port: must be a port from 1 to 65535, not 0',
    'ports[1].port: must be a port from 1 to 65535, not 70000',
    'ports[1].name: must be a DNS label, not "Http"',
    'ports[2].protocol: is 99, a protocol which this version does not know',
    'ports[3]: repeats "80"',
    'namespace: must be a DNS label, not "Bad_Namespace"',
    'name: must be a DNS label, not ""',
    'virtual_ips[0]: must be an IP address, not "10.0.0.300"',
    'hostnames[0]: must be a lower-case DNS name, not "UPPER.case"',
    'hostnames[1]: must be a lower-case DNS name, not "a..b"',
  ]);
});

test('an endpoint that announces no readable identity is a violation, never plain text', () => {
  const wire = create(EndpointSetSchema, {
    namespace: 'shop',
    name: 'catalog',
    port: 80,
    endpoints: [
      { address: '10.0.0.1', port: 8080, mesh: { spiffeId: 'spiffe://td/workload', port: 15_006 } },
      { address: 'catalog', port: 8080, workload: 'no-slash', mesh: { spiffeId: '', port: 0 } },
    ],
  });
  const form = 'must be spiffe://<trust-domain>/ns/<namespace>/sa/<account>';
  expect(violationsOf('endpoints', toBinary(EndpointSetSchema, wire))).toEqual([
    `endpoints[0].mesh.spiffe_id: ${form}, not "spiffe://td/workload"`,
    'endpoints[1].address: must be an IP address, not "catalog"',
    `endpoints[1].mesh.spiffe_id: ${form}, not ""`,
    'endpoints[1].workload: must be <namespace>/<pod>, not "no-slash"',
  ]);
});

test('a rule of an unknown mode is a violation, never a weaker rule', () => {
  const wire = create(WorkloadSchema, {
    namespace: 'shop',
    name: 'web-0',
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/web',
    address: '10.0.0.1',
    furtherAddresses: ['ten'],
    ports: [{ port: 80, mtls: { mode: 9 as never, policy: 'shop/strict' } }],
    defaultMtls: { mode: 0, policy: '' },
    unknownDestinations: 7 as never,
  });
  expect(violationsOf('workload', toBinary(WorkloadSchema, wire))).toEqual([
    'ports[0].mtls.mode: is 9, a mode which this version does not know',
    'further_addresses[0]: must be an IP address, not "ten"',
    'default_mtls.mode: is 0, a mode which this version does not know',
    'default_mtls.policy: must not be empty',
    'unknown_destinations: is 7, which this version does not know',
  ]);
});

test('a workload of a control plane that knows no modes takes both mutual TLS and plain', () => {
  const wire = create(WorkloadSchema, {
    namespace: 'shop',
    name: 'web-0',
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/web',
    address: '10.0.0.1',
    ports: [{ port: 80 }],
  });
  const rule = { mode: 'permissive', policy: 'default' };
  expect(decodeResource('workload', toBinary(WorkloadSchema, wire))).toMatchObject({
    value: {
      ports: [{ protocol: 'detect', mtls: rule }],
      defaultMtls: rule,
      outbound: { unknownDestinations: 'allow' },
    },
  });
});

test('every violation of a peer is told with its path', () => {
  const wire = create(PeerSchema, {
    namespace: 'shop',
    name: 'Web',
    addresses: ['10.0.0.1', 'x'],
    mesh: { spiffeId: 'spiffe://td', port: 70_000 },
    ports: [{ port: 80, services: ['web'] }, { port: 80 }],
  });
  expect(violationsOf('peer', toBinary(PeerSchema, wire))).toEqual([
    'ports[0].services[0]: must be <namespace>/<service>:<port>, not "web"',
    'ports[1]: repeats "80"',
    'name: must be a lower-case DNS name, not "Web"',
    'addresses[1]: must be an IP address, not "x"',
    'mesh.spiffe_id: must be spiffe://<trust-domain>/ns/<namespace>/sa/<account>, not "spiffe://td"',
    'mesh.port: must be a port from 1 to 65535, not 70000',
  ]);
});

test('a field of a newer version is skipped in an endpoint, which then means the same', () => {
  const newer = new BinaryWriter().raw(
    toBinary(EndpointSchema, create(EndpointSchema, { address: '10.0.0.1', port: 80 })),
  );
  newer.tag(200, WireType.LengthDelimited).string('later');
  const set = new BinaryWriter().raw(
    encodeResource('endpoints', {
      namespace: 'shop',
      name: 'catalog',
      port: 80,
      protocol: 'h2c',
      endpoints: [],
    }),
  );
  set.tag(4, WireType.LengthDelimited).bytes(newer.finish());
  expect(decodeResource('endpoints', set.finish())).toMatchObject({ ok: true });
});

test('a match condition of a newer version is a violation: skipping it would widen the match', () => {
  const match = new BinaryWriter();
  match.tag(200, WireType.LengthDelimited).string('later');
  const rule = new BinaryWriter();
  rule.tag(1, WireType.LengthDelimited).string('shop/route/0');
  rule.tag(2, WireType.LengthDelimited).bytes(match.finish());
  const table = new BinaryWriter().raw(
    encodeResource('routes', { namespace: 'shop', name: 'catalog', port: 80, rules: [] }),
  );
  table.tag(4, WireType.LengthDelimited).bytes(rule.finish());
  expect(violationsOf('routes', table.finish())).toEqual([
    'rules[0].match: has field 200, which this version does not know',
  ]);
});

test('a route without a backend target, header value, absolute path or sane weight is told with each path', () => {
  const wire = create(RouteTableSchema, {
    namespace: 'shop',
    name: 'catalog',
    port: 80,
    rules: [
      create(RouteRuleSchema, {
        match: create(RouteMatchSchema, {
          path: { case: 'pathPrefix', value: 'v1' },
          method: 'GET /',
          headers: [create(HeaderMatchSchema, { name: 'X-Upper' })],
        }),
        backends: [
          create(WeightedBackendSchema, { weight: 1_000_001 }),
          create(WeightedBackendSchema, { target: { case: 'service', value: { name: 'a b' } as never } }),
        ],
      }),
    ],
  });
  expect(violationsOf('routes', toBinary(RouteTableSchema, wire))).toEqual([
    'rules[0].name: must not be empty',
    'rules[0].match.path_prefix: must start with "/"',
    'rules[0].match.method: must be an HTTP method',
    'rules[0].match.headers[0].name: must be a lower-case header name',
    'rules[0].match.headers[0]: must have exact or regex',
    'rules[0].backends[0].weight: must be at most 1000000, not 1000001',
    'rules[0].backends[0]: must have service or invalid_reason',
    'rules[0].backends[1].service.namespace: must be a DNS label, not ""',
    'rules[0].backends[1].service.name: must be a DNS label, not "a b"',
    'rules[0].backends[1].service.port: must be a port from 1 to 65535, not 0',
  ]);
});

test('a trust bundle needs roots that are certificates', () => {
  const none = create(TrustBundleSchema, { trustDomain: 'cluster.local' });
  expect(violationsOf('trustBundle', toBinary(TrustBundleSchema, none))).toEqual([
    'roots_pem: must have a root certificate',
  ]);
  const rootsPem = [
    exampleRootPem,
    exampleRootPem + exampleRootPem,
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ];
  const wrong = create(TrustBundleSchema, { trustDomain: 'Cluster', rootsPem });
  expect(violationsOf('trustBundle', toBinary(TrustBundleSchema, wrong))).toEqual([
    'trust_domain: must be a trust domain name',
    'roots_pem[1]: must be one PEM certificate',
    'roots_pem[2]: is not a readable X.509 certificate',
  ]);
});

test('a resource beyond the size limit is rejected unread', () => {
  expect(violationsOf('service', new Uint8Array(limits.resourceBytes + 1))).toEqual([
    `: must have at most ${limits.resourceBytes} bytes, not ${limits.resourceBytes + 1}`,
  ]);
});

test('of very many violations the first are listed and the rest counted', () => {
  const ports = Array.from({ length: 200 }, () => ({ port: 0, name: 'x' }));
  const wire = create(ServiceSchema, { namespace: 'shop', name: 'catalog', ports });
  const told = violationsOf('service', toBinary(ServiceSchema, wire));
  expect(told).toHaveLength(limits.violations + 1);
  expect(told.at(-1)).toBe(': and 349 more violations');
});

test('more items than allowed are a violation of the list', () => {
  const wire = create(ServiceSchema, {
    namespace: 'shop',
    name: 'catalog',
    virtualIps: Array.from({ length: 17 }, (_, index) => `10.0.0.${index}`),
  });
  expect(violationsOf('service', toBinary(ServiceSchema, wire))).toEqual([
    'virtual_ips: must have at most 16 items, not 17',
  ]);
});
