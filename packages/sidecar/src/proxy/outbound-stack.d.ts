import type { RequestHead } from '@tulle/http';
import type { Random } from '@tulle/runtime';
import type { OutboundView } from '../config/mesh-view.ts';
import type { RequestMetrics } from '../metrics.ts';
import type { AccessLog } from './access-log.ts';
import type { Balancer } from './balancer.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import { type Failure } from './failure.ts';
import type { RequestStack } from './request-stack.ts';
import type { ProxySettings } from './settings.ts';
import type { UpstreamFailure } from './upstream-connection.ts';
import type { EndpointSlot, Upstreams } from './upstreams.ts';
export interface OutboundStackOptions {
    readonly settings: ProxySettings;
    readonly view: OutboundView;
    readonly upstreams: Upstreams;
    readonly balancer: Balancer;
    readonly metrics: RequestMetrics;
    readonly accessLog: AccessLog;
    readonly random: Random;
    readonly monotonicMs: () => number;
}
/**
 * A request on its way out of the application, outermost first:
 *
 *   finish()  counts and logs, whatever became of it
 *   rescue()  answers what failed
 *   route()   refuse what is not served -> find the service -> match a rule -> pick a backend
 *             -> balance over its endpoints
 *
 * and from there the connection takes it to the endpoint's pool and its transport.
 */
export declare class OutboundStack implements RequestStack {
    #private;
    constructor(options: OutboundStackOptions);
    get heldCount(): number;
    finish(connection: DownstreamConnection): void;
    rescue(connection: DownstreamConnection, failure: Failure, detail: string): void;
    rescueUpstream(connection: DownstreamConnection, failure: UpstreamFailure): void;
    route(connection: DownstreamConnection, head: RequestHead): EndpointSlot | Failure | null;
}
