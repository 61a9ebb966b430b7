import { create } from '@bufbuild/protobuf';
import { formatSpiffeId, type InboundPort, type UnknownDestinations, type Workload } from '@tulle/model';
import {
  InboundPortSchema,
  type InboundPort as WireInboundPort,
  UnknownDestinations as WireUnknownDestinations,
  type Workload as WireWorkload,
  WorkloadSchema,
} from '../gen/tulle/mesh/v1/workload_pb.ts';
import { limits } from '../limits.ts';
import { appProtocolToWire, readAppProtocol } from './app-protocol-codec.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';
import { mtlsRuleToWire, readMtlsRule } from './mtls-codec.ts';

export const workloadCodec: Codec<Workload, WireWorkload> = {
  schema: WorkloadSchema,

  toWire: ({ namespace, name, identity, owner, addresses, ports, defaultMtls, outbound }) =>
    create(WorkloadSchema, {
      namespace,
      name,
      spiffeId: formatSpiffeId(identity),
      owner,
      address: addresses[0] ?? '',
      furtherAddresses: addresses.slice(1),
      ports: ports.map(portToWire),
      defaultMtls: mtlsRuleToWire(defaultMtls),
      unknownDestinations: unknownDestinations[outbound.unknownDestinations],
    }),

  fromWire(wire, check) {
    const ports = check.list('ports', wire.ports, limits.portsPerWorkload, (path, item) =>
      readPort(path, item, check),
    );
    check.unique(
      'ports',
      ports.map(({ port }) => port),
    );
    const max = limits.addressesPerWorkload - 1;
    const further = check.list('further_addresses', wire.furtherAddresses, max, (path, address) =>
      check.ip(path, address),
    );
    return {
      namespace: check.label('namespace', wire.namespace),
      name: check.subdomain('name', wire.name),
      identity: check.spiffeId('spiffe_id', wire.spiffeId),
      owner: check.text('owner', wire.owner, limits.ownerChars),
      addresses: [check.ip('address', wire.address), ...further],
      ports,
      defaultMtls: readMtlsRule('default_mtls', wire.defaultMtls, check),
      outbound: { unknownDestinations: readUnknownDestinations(wire.unknownDestinations, check) },
    };
  },
};

function portToWire({ port, services, protocol, mtls }: InboundPort): WireInboundPort {
  return create(InboundPortSchema, {
    port,
    services: [...services],
    protocol: appProtocolToWire(protocol),
    mtls: mtlsRuleToWire(mtls),
  });
}

function readPort(path: string, wire: WireInboundPort, check: Checker): InboundPort {
  return {
    port: check.port(`${path}.port`, wire.port),
    services: check.list(`${path}.services`, wire.services, limits.servicesPerPort, (at, service) =>
      check.servicePortName(at, service),
    ),
    protocol: readAppProtocol(`${path}.protocol`, wire.protocol, check),
    mtls: readMtlsRule(`${path}.mtls`, wire.mtls, check),
  };
}

const unknownDestinations: Readonly<Record<UnknownDestinations, WireUnknownDestinations>> = {
  allow: WireUnknownDestinations.ALLOW,
  refuse: WireUnknownDestinations.REFUSE,
};

function readUnknownDestinations(value: WireUnknownDestinations, check: Checker): UnknownDestinations {
  switch (value) {
    case WireUnknownDestinations.UNSPECIFIED:
    case WireUnknownDestinations.ALLOW:
      return 'allow';
    case WireUnknownDestinations.REFUSE:
      return 'refuse';
    default:
      check.fault('unknown_destinations', `is ${value}, which this version does not know`);
      return 'refuse';
  }
}
