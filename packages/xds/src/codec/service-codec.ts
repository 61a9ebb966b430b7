import { create } from '@bufbuild/protobuf';
import type { Service } from '@tulle/model';
import {
  ServicePortSchema,
  ServiceSchema,
  type Service as WireService,
} from '../gen/tulle/mesh/v1/service_pb.ts';
import { limits } from '../limits.ts';
import { appProtocolToWire, readAppProtocol } from './app-protocol-codec.ts';
import type { Codec } from './codec.ts';

export const serviceCodec: Codec<Service, WireService> = {
  schema: ServiceSchema,

  toWire: (service) =>
    create(ServiceSchema, {
      namespace: service.namespace,
      name: service.name,
      ports: service.ports.map(({ port, name, protocol }) =>
        create(ServicePortSchema, { port, name, protocol: appProtocolToWire(protocol) }),
      ),
      virtualIps: [...service.virtualIps],
      hostnames: [...service.hostnames],
    }),

  fromWire(wire, check) {
    const ports = check.list('ports', wire.ports, limits.portsPerService, (path, item) => ({
      port: check.port(`${path}.port`, item.port),
      name: item.name === '' ? '' : check.label(`${path}.name`, item.name),
      protocol: readAppProtocol(`${path}.protocol`, item.protocol, check),
    }));
    check.unique(
      'ports',
      ports.map(({ port }) => port),
    );
    return {
      namespace: check.label('namespace', wire.namespace),
      name: check.label('name', wire.name),
      ports,
      virtualIps: check.list('virtual_ips', wire.virtualIps, limits.virtualIpsPerService, (path, ip) =>
        check.ip(path, ip),
      ),
      hostnames: check.list('hostnames', wire.hostnames, limits.hostnamesPerService, (path, host) =>
        check.subdomain(path, host),
      ),
    };
  },
};
