import type { DownstreamConnection } from './downstream-connection.ts';
import { type Failure } from './failure.ts';
import type { UpstreamFailure } from './upstream-connection.ts';
/** The one exit of the outbound side's failures: sets status, flag and reason, for application and log. */
export declare function rescueOutbound(connection: DownstreamConnection, failure: Failure, detail: string): void;
/** What went wrong between here and the peer. The transport's words go to the log, not to the application. */
export declare function rescueOutboundUpstream(connection: DownstreamConnection, failure: UpstreamFailure): void;
