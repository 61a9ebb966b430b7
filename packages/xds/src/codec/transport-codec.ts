import { create } from '@bufbuild/protobuf';
import { type EndpointTransport, formatSpiffeId } from '@tulle/model';
import { type MeshTransport, MeshTransportSchema } from '../gen/tulle/mesh/v1/endpoints_pb.ts';
import type { Checker } from './checker.ts';

/** Undefined means in plain. */
export function transportToWire(transport: EndpointTransport): MeshTransport | undefined {
  if (transport.kind === 'plain') return undefined;
  const spiffeId = formatSpiffeId(transport.identity);
  return create(MeshTransportSchema, { spiffeId, port: transport.meshPort ?? 0 });
}

export function readTransport(
  path: string,
  wire: MeshTransport | undefined,
  check: Checker,
): EndpointTransport {
  if (wire === undefined) return { kind: 'plain' };
  return {
    kind: 'mtls',
    identity: check.spiffeId(`${path}.spiffe_id`, wire.spiffeId),
    meshPort: wire.port === 0 ? null : check.port(`${path}.port`, wire.port),
  };
}
