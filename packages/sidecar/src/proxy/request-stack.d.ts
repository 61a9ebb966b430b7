import type { RequestHead } from '@tulle/http';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { Failure } from './failure.ts';
import type { UpstreamFailure } from './upstream-connection.ts';
import type { EndpointSlot } from './upstreams.ts';
/**
 * One side's way of a request, implemented by the outbound and the inbound stack. No promise and no
 * closure for a request: a stage answers at once, or holds the connection.
 */
export interface RequestStack {
    /** Which endpoint; or why there is none; or null: held, `connection.resume()` comes later. */
    route(connection: DownstreamConnection, head: RequestHead): EndpointSlot | Failure | null;
    /** The exchange failed for a reason of ours or the client's. The one exit of all failures. */
    rescue(connection: DownstreamConnection, failure: Failure, detail: string): void;
    /** As rescue, for what an upstream did. */
    rescueUpstream(connection: DownstreamConnection, failure: UpstreamFailure): void;
    /** The exchange is over, well or not: counts and logs it. */
    finish(connection: DownstreamConnection): void;
}
