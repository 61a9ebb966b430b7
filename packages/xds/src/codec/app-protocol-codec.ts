import type { AppProtocol } from '@tulle/model';
import { AppProtocol as WireProtocol } from '../gen/tulle/mesh/v1/service_pb.ts';
import type { Checker } from './checker.ts';

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

export function appProtocolToWire(protocol: AppProtocol): WireProtocol {
  return protocols[protocol];
}

export function readAppProtocol(path: string, value: number, check: Checker): AppProtocol {
  const protocol = protocolsByNumber.get(value);
  if (protocol !== undefined) return protocol;
  check.fault(path, `is ${value}, a protocol which this version does not know`);
  return 'detect';
}
