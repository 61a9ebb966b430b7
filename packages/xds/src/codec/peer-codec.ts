import { create } from '@bufbuild/protobuf';
import type { Peer, PeerPort } from '@tulle/model';
import {
  PeerPortSchema,
  PeerSchema,
  type Peer as WirePeer,
  type PeerPort as WirePeerPort,
} from '../gen/tulle/mesh/v1/peer_pb.ts';
import { limits } from '../limits.ts';
import { appProtocolToWire, readAppProtocol } from './app-protocol-codec.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';
import { readTransport, transportToWire } from './transport-codec.ts';

export const peerCodec: Codec<Peer, WirePeer> = {
  schema: PeerSchema,

  toWire({ namespace, name, owner, addresses, transport, ports }) {
    const wire = create(PeerSchema, {
      namespace,
      name,
      owner,
      addresses: [...addresses],
      ports: ports.map(portToWire),
    });
    const mesh = transportToWire(transport);
    if (mesh !== undefined) wire.mesh = mesh;
    return wire;
  },

  fromWire(wire, check) {
    const ports = check.list('ports', wire.ports, limits.portsPerWorkload, (path, item) =>
      readPort(path, item, check),
    );
    check.unique(
      'ports',
      ports.map(({ port }) => port),
    );
    return {
      namespace: check.label('namespace', wire.namespace),
      name: check.subdomain('name', wire.name),
      owner: check.text('owner', wire.owner, limits.ownerChars),
      addresses: check.list('addresses', wire.addresses, limits.addressesPerWorkload, (path, address) =>
        check.ip(path, address),
      ),
      transport: readTransport('mesh', wire.mesh, check),
      ports,
    };
  },
};

function portToWire({ port, protocol, services, transport }: PeerPort): WirePeerPort {
  const wire = create(PeerPortSchema, {
    port,
    protocol: appProtocolToWire(protocol),
    services: [...services],
  });
  const mesh = transportToWire(transport);
  if (mesh !== undefined) wire.mesh = mesh;
  return wire;
}

function readPort(path: string, wire: WirePeerPort, check: Checker): PeerPort {
  return {
    port: check.port(`${path}.port`, wire.port),
    protocol: readAppProtocol(`${path}.protocol`, wire.protocol, check),
    services: check.list(`${path}.services`, wire.services, limits.servicesPerPort, (at, service) =>
      check.servicePortName(at, service),
    ),
    transport: readTransport(`${path}.mesh`, wire.mesh, check),
  };
}
