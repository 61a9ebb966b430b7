import type { NamespacedName } from './names.ts';

/** What is spoken on a port: declared by `appProtocol` or the port's name, else found from the bytes. */
export type AppProtocol = 'http' | 'h2c' | 'grpc' | 'tls' | 'tcp' | 'detect';

export interface ServicePort {
  readonly port: number;
  /** The Kubernetes port name; empty for a single unnamed port. */
  readonly name: string;
  readonly protocol: AppProtocol;
}

/** A service as clients address it. Its routes and endpoints are resources of their own, one a port. */
export interface Service extends NamespacedName {
  readonly ports: readonly ServicePort[];
  /** Virtual IPs (clusterIPs); empty for a headless service. */
  readonly virtualIps: readonly string[];
  /** Host names that mean this service, from the shortest: `catalog.bookshop`, `….svc`, `….svc.cluster.local`. */
  readonly hostnames: readonly string[];
}
