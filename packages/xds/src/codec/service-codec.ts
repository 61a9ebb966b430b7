import { create } from '@bufbuild/protobuf';
import type { AppProtocol, Service } from '@tulle/model';
import {
  ServicePortSchema,
  ServiceSchema,
  AppProtocol as WireProtocol,
  type Service as WireService,
} from '../gen/tulle/mesh/v1/service_pb.ts';
import { limits } from '../limits.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';

const protocols: Readonly<Record<AppProtocol, WireProtocol>> = {
  detect: WireProtocol.UNSPECIFIED,
  http: WireProtocol.HTTP,
  h2c: WireProtocol.H2C,
  grpc: WireProtocol.GRPC,
  tls: WireProtocol.TLS,
  tcp: WireProtocol.TCP,
};

const protocolsByNumber: ReadonlyMap<number, AppProtocol> = new Map(
  (Object.keys(protocols) as AppProtocol[]).map((protocol) => [protocols[protocol], protocol]),
);

export const serviceCodec: Codec<Service, WireService> = {
  schema: ServiceSchema,

  toWire: (service) =>
    create(ServiceSchema, {
      namespace: service.namespace,
      name: service.name,
      ports: service.ports.map(({ port, name, protocol }) =>
        create(ServicePortSchema, { port, name, protocol: protocols[protocol] }),
      ),
      virtualIps: [...service.virtualIps],
      hostnames: [...service.hostnames],
    }),

  fromWire(wire, check) {
    const ports = check.list('ports', wire.ports, limits.portsPerService, (path, item) => ({
      port: check.port(`${path}.port`, item.port),
      name: item.name === '' ? '' : check.label(`${path}.name`, item.name),
      protocol: readProtocol(`${path}.protocol`, item.protocol, check),
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

function readProtocol(path: string, value: number, check: Checker): AppProtocol {
  const protocol = protocolsByNumber.get(value);
  if (protocol !== undefined) return protocol;
  check.fault(path, `is ${value}, a protocol which this version does not know`);
  return 'detect';
}
