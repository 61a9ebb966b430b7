import type { SpiffeId } from './identity.ts';
import type { ServicePortName } from './names.ts';
import type { AppProtocol } from './service.ts';

/** How an endpoint is spoken to: through its sidecar's inbound listener, or in plain. */
export type EndpointTransport =
  | {
      readonly kind: 'mtls';
      readonly identity: SpiffeId;
      /** Null: the pod's traffic is captured, so the endpoint's own port is dialled. */
      readonly meshPort: number | null;
    }
  | { readonly kind: 'plain' };

export interface Endpoint {
  readonly address: string;
  /** The application's port; with mTLS it travels in the TLS server name. */
  readonly port: number;
  readonly transport: EndpointTransport;
  /** `<namespace>/<pod>`, or empty where no pod is known. */
  readonly workload: string;
  /** What made the pod, a label for metrics; empty where no pod is known. */
  readonly owner: string;
  /** Topology zone, or empty. */
  readonly zone: string;
}

/** The usable endpoints of one service port. Empty `endpoints`: the service stands, nothing is ready. */
export interface EndpointSet extends ServicePortName {
  /** As the service port declares it: a backend of a route is known to clients by its endpoints alone. */
  readonly protocol: AppProtocol;
  readonly endpoints: readonly Endpoint[];
}
