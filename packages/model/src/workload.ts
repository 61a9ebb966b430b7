import type { SpiffeId } from './identity.ts';
import type { NamespacedName } from './names.ts';

/** A port of the workload's application, as the services that select the workload name it. */
export interface InboundPort {
  readonly port: number;
  /** `<namespace>/<service>:<service port>`s that lead here, for metrics and logs. */
  readonly services: readonly string[];
}

/** What a workload's own sidecar has to know of it. */
export interface Workload extends NamespacedName {
  readonly identity: SpiffeId;
  readonly address: string;
  readonly ports: readonly InboundPort[];
}
