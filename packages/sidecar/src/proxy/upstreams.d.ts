import type { Cluster, UpstreamEndpoint } from '../config/mesh-view.ts';
import type { EdgeSeries } from '../metrics.ts';
import type { Balanced } from './balancer.ts';
import { EndpointPool, type PoolOptions } from './endpoint-pool.ts';
import type { Swept } from './sweep.ts';
/** An endpoint in the list of a cluster, with the series of the edge that was counted last. */
export declare class EndpointSlot implements Balanced {
    readonly pool: EndpointPool;
    readonly cluster: string;
    /** For `seriesDestination`; another destination finds its own by name. */
    series: EdgeSeries | null;
    seriesDestination: string;
    constructor(pool: EndpointPool, cluster: string);
    get endpoint(): UpstreamEndpoint;
    get inFlight(): number;
}
/** The pools of one side by endpoint, shared by every cluster that lists the endpoint. */
export declare class Upstreams implements Swept {
    #private;
    constructor(options: PoolOptions);
    /** The cluster's endpoints as they stand; rebuilt when discovery has replaced the list. */
    slotsOf(cluster: Cluster): readonly EndpointSlot[];
    get openCount(): number;
    onSweep(nowMs: number): void;
    abort(): void;
    describe(): unknown;
}
