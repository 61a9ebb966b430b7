import type { SpiffeId } from './identity.ts';
import type { MtlsRule } from './mtls.ts';
import type { NamespacedName } from './names.ts';
import type { AppProtocol } from './service.ts';

/** A port of the workload's application that a service leads to or that a policy names. */
export interface InboundPort {
  readonly port: number;
  /** `<namespace>/<service>:<service port>`s that lead here, for metrics and logs; empty: only a policy names it. */
  readonly services: readonly string[];
  readonly protocol: AppProtocol;
  readonly mtls: MtlsRule;
}

/** What becomes of connections to addresses that the mesh does not know. */
export type UnknownDestinations = 'allow' | 'refuse';

/** What a workload's own sidecar has to know of it. */
export interface Workload extends NamespacedName {
  readonly identity: SpiffeId;
  /** What made the pod, such as its Deployment: a label for metrics. */
  readonly owner: string;
  /** The primary one first. */
  readonly addresses: readonly string[];
  readonly ports: readonly InboundPort[];
  /** For every port that is not listed. */
  readonly defaultMtls: MtlsRule;
  readonly outbound: { readonly unknownDestinations: UnknownDestinations };
}
