import type { EndpointTransport } from './endpoint.ts';
import type { NamespacedName } from './names.ts';
import type { AppProtocol } from './service.ts';

export interface PeerPort {
  readonly port: number;
  readonly protocol: AppProtocol;
  /** `<namespace>/<service>:<service port>`s that lead here. */
  readonly services: readonly string[];
  readonly transport: EndpointTransport;
}

/** A pod as those see it who address it by its IP: `<namespace>/<pod>`, in the mesh or not. */
export interface Peer extends NamespacedName {
  /** What made the pod: a label for metrics. */
  readonly owner: string;
  /** The primary one first. */
  readonly addresses: readonly string[];
  /** For ports that are not listed. */
  readonly transport: EndpointTransport;
  /** Ports that a service leads to, or whose transport is another. */
  readonly ports: readonly PeerPort[];
}
