import { create } from '@bufbuild/protobuf';
import { type Endpoint, type EndpointSet, type EndpointTransport, formatSpiffeId } from '@tulle/model';
import {
  EndpointSchema,
  EndpointSetSchema,
  type MeshTransport,
  MeshTransportSchema,
  type Endpoint as WireEndpoint,
  type EndpointSet as WireEndpointSet,
} from '../gen/tulle/mesh/v1/endpoints_pb.ts';
import { limits } from '../limits.ts';
import { appProtocolToWire, readAppProtocol } from './app-protocol-codec.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';

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

function endpointToWire({ address, port, workload, zone, transport }: Endpoint): WireEndpoint {
  const wire = create(EndpointSchema, { address, port, workload, zone });
  if (transport.kind === 'mtls')
    wire.mesh = create(MeshTransportSchema, {
      spiffeId: formatSpiffeId(transport.identity),
      port: transport.meshPort,
    });
  return wire;
}

function readEndpoint(path: string, wire: WireEndpoint, check: Checker): Endpoint {
  return {
    address: check.ip(`${path}.address`, wire.address),
    port: check.port(`${path}.port`, wire.port),
    transport: readTransport(`${path}.mesh`, wire.mesh, check),
    workload: check.workloadName(`${path}.workload`, wire.workload),
    zone: check.text(`${path}.zone`, wire.zone),
  };
}

function readTransport(path: string, wire: MeshTransport | undefined, check: Checker): EndpointTransport {
  if (wire === undefined) return { kind: 'plain' };
  return {
    kind: 'mtls',
    identity: check.spiffeId(`${path}.spiffe_id`, wire.spiffeId),
    meshPort: check.port(`${path}.port`, wire.port),
  };
}
