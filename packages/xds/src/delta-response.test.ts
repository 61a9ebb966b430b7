import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { decodeResource } from './codec/resource-codec.ts';
import { encodeDeltaResponse, encodeEnvelope } from './delta-response.ts';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from './gen/envoy/service/discovery/v3/discovery_pb.ts';
import { kindOfTypeUrl, typeUrls } from './type-urls.ts';

/** One length-delimited field, by hand: tag byte, length byte, content. */
function field(no: number, content: string | number[]): number[] {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return [(no << 3) | 2, bytes.length, ...bytes];
}

test('a request has the field numbers of the public envoy.service.discovery.v3.DeltaDiscoveryRequest', () => {
  const request = create(DeltaDiscoveryRequestSchema, {
    node: { id: 'shop/web-1', cluster: 'shop', userAgentName: 'tulle' },
    typeUrl: 't',
    resourceNamesSubscribe: ['a', 'b'],
    resourceNamesUnsubscribe: ['c'],
    initialResourceVersions: { a: '1' },
    responseNonce: 'n',
    errorDetail: { code: 3, message: 'm' },
  });
  const node = [...field(1, 'shop/web-1'), ...field(2, 'shop'), ...field(6, 'tulle')];
  expect([...toBinary(DeltaDiscoveryRequestSchema, request)]).toEqual([
    ...field(1, node),
    ...field(2, 't'),
    ...field(3, 'a'),
    ...field(3, 'b'),
    ...field(4, 'c'),
    ...field(5, [...field(1, 'a'), ...field(2, '1')]),
    ...field(6, 'n'),
    ...field(7, [0x08, 3, ...field(2, 'm')]),
  ]);
});

test('a response has the field numbers of the public envoy.service.discovery.v3.DeltaDiscoveryResponse', () => {
  const any = [...field(1, 'u'), ...field(2, [9])];
  const resource = [...field(1, 'v1'), ...field(2, any), ...field(3, 'a'), ...field(4, 'alias')];
  const bytes = [
    ...field(1, 's'),
    ...field(2, resource),
    ...field(4, 't'),
    ...field(5, 'n'),
    ...field(6, 'gone'),
    ...field(7, field(1, 'cp')),
  ];
  const response = fromBinary(DeltaDiscoveryResponseSchema, Uint8Array.from(bytes));
  expect(response).toMatchObject({
    systemVersionInfo: 's',
    typeUrl: 't',
    nonce: 'n',
    removedResources: ['gone'],
    controlPlane: { identifier: 'cp' },
    resources: [
      { name: 'a', aliases: ['alias'], version: 'v1', resource: { typeUrl: 'u', value: Uint8Array.of(9) } },
    ],
  });
  expect([...toBinary(DeltaDiscoveryResponseSchema, response)]).toEqual(bytes);
});

test('a response composed of resources encoded earlier reads as the whole message', () => {
  const service = (name: string) => ({
    namespace: 'shop',
    name,
    ports: [{ port: 80, name: 'http', protocol: 'http' as const }],
    virtualIps: ['10.0.0.1'],
    hostnames: [`${name}.shop`],
  });
  const resources = ['catalog', 'orders'].map((name) =>
    encodeEnvelope({
      kind: 'service',
      name: `shop/${name}`,
      aliases: [`${name}.shop`, '10.0.0.1'],
      version: `v-${name}`,
      resource: service(name),
    }),
  );
  const bytes = encodeDeltaResponse({
    typeUrl: typeUrls.service,
    nonce: '7',
    systemVersion: '42',
    resources,
    removed: ['shop/gone', 'shop/never'],
    controlPlane: 'tulle',
  });
  const response = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  expect(response).toMatchObject({
    typeUrl: typeUrls.service,
    nonce: '7',
    systemVersionInfo: '42',
    removedResources: ['shop/gone', 'shop/never'],
    controlPlane: { identifier: 'tulle' },
  });
  expect(response.resources.map(({ name, version, aliases }) => ({ name, version, aliases }))).toEqual([
    { name: 'shop/catalog', version: 'v-catalog', aliases: ['catalog.shop', '10.0.0.1'] },
    { name: 'shop/orders', version: 'v-orders', aliases: ['orders.shop', '10.0.0.1'] },
  ]);
  const any = response.resources[1]!.resource!;
  expect(kindOfTypeUrl(any.typeUrl)).toBe('service');
  expect(decodeResource('service', any.value)).toEqual({ ok: true, value: service('orders') });
});
