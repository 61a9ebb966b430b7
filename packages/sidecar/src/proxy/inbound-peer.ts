import type { OriginalAddress } from '../capture/original-destination.ts';
import type { Cluster, InboundView } from '../config/mesh-view.ts';
import type { EdgeSeries } from '../metrics.ts';

export type InboundTarget = NonNullable<ReturnType<InboundView['target']>>;

/** Who is at the other end of an inbound connection, and which of our ports it asked for. */
export interface InboundPeer {
  /** Empty: it came in plain. */
  readonly spiffeId: string;
  /** What it calls its workload; empty where it does not say. See mesh-tls.ts. */
  readonly owner: string;
  readonly port: number;
  /** Captured: the own address that it dialled, where the application is. Null: the view says where that is. */
  readonly host: string | null;
  /** As of the last request: the view may have been replaced since. */
  target: InboundTarget | null;
  cluster: Cluster | null;
  series: EdgeSeries | null;
}

/** A peer that was captured on its way to an own address. */
export function newPeer(spiffeId: string, owner: string, { address, port }: OriginalAddress): InboundPeer {
  return { spiffeId, owner, port, host: address, target: null, cluster: null, series: null };
}
