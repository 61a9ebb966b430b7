import { create } from '@bufbuild/protobuf';
import { formatSpiffeId, type Workload } from '@tulle/model';
import {
  InboundPortSchema,
  type Workload as WireWorkload,
  WorkloadSchema,
} from '../gen/tulle/mesh/v1/workload_pb.ts';
import { limits } from '../limits.ts';
import type { Codec } from './codec.ts';

export const workloadCodec: Codec<Workload, WireWorkload> = {
  schema: WorkloadSchema,

  toWire: ({ namespace, name, identity, address, ports }) =>
    create(WorkloadSchema, {
      namespace,
      name,
      spiffeId: formatSpiffeId(identity),
      address,
      ports: ports.map(({ port, services }) => create(InboundPortSchema, { port, services: [...services] })),
    }),

  fromWire(wire, check) {
    const ports = check.list('ports', wire.ports, limits.portsPerWorkload, (path, item) => ({
      port: check.port(`${path}.port`, item.port),
      services: check.list(`${path}.services`, item.services, limits.servicesPerPort, (at, service) =>
        check.servicePortName(at, service),
      ),
    }));
    check.unique(
      'ports',
      ports.map(({ port }) => port),
    );
    return {
      namespace: check.label('namespace', wire.namespace),
      name: check.subdomain('name', wire.name),
      identity: check.spiffeId('spiffe_id', wire.spiffeId),
      address: check.ip('address', wire.address),
      ports,
    };
  },
};
