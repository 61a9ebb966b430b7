import { create } from '@bufbuild/protobuf';
import type { Endpoint, EndpointSet } from '@tulle/model';
import {
  EndpointSchema,
  EndpointSetSchema,
  type Endpoint as WireEndpoint,
  type EndpointSet as WireEndpointSet,
} from '../gen/tulle/mesh/v1/endpoints_pb.ts';
import { limits } from '../limits.ts';
import { appProtocolToWire, readAppProtocol } from './app-protocol-codec.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';
import { readTransport, transportToWire } from './transport-codec.ts';

export const endpointsCodec: Codec<EndpointSet, WireEndpointSet> = {
  schema: EndpointSetSchema,

  toWire: ({ namespace, name, port, protocol, endpoints }) =>
    create(EndpointSetSchema, {
      namespace,
      name,
      port,
      protocol: appProtocolToWire(protocol),
      endpoints: endpoints.map(endpointToWire),
    }),

  fromWire: (wire, check) => ({
    namespace: check.label('namespace', wire.namespace),
    name: check.label('name', wire.name),
    port: check.port('port', wire.port),
    protocol: readAppProtocol('protocol', wire.protocol, check),
    endpoints: check.list('endpoints', wire.endpoints, limits.endpointsPerSet, (path, item) =>
      readEndpoint(path, item, check),
    ),
  }),
};

function endpointToWire({ address, port, workload, owner, zone, transport }: Endpoint): WireEndpoint {
  const wire = create(EndpointSchema, { address, port, workload, owner, zone });
  const mesh = transportToWire(transport);
  if (mesh !== undefined) wire.mesh = mesh;
  return wire;
}

function readEndpoint(path: string, wire: WireEndpoint, check: Checker): Endpoint {
  return {
    address: check.ip(`${path}.address`, wire.address),
    port: check.port(`${path}.port`, wire.port),
    transport: readTransport(`${path}.mesh`, wire.mesh, check),
    workload: check.workloadName(`${path}.workload`, wire.workload),
    owner: check.text(`${path}.owner`, wire.owner, limits.ownerChars),
    zone: check.text(`${path}.zone`, wire.zone),
  };
}
