import type { Cluster, InboundView } from '../config/mesh-view.ts';
import type { EdgeSeries } from '../metrics.ts';
export type InboundTarget = NonNullable<ReturnType<InboundView['target']>>;
/** Who is at the other end of an inbound connection, and which of our ports it asked for. */
export interface InboundPeer {
    readonly spiffeId: string;
    readonly port: number;
    /** As of the last request: the view may have been replaced since. */
    target: InboundTarget | null;
    cluster: Cluster | null;
    series: EdgeSeries | null;
}
