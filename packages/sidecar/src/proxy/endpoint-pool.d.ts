import type { UpstreamEndpoint } from '../config/mesh-view.ts';
import type { Balanced } from './balancer.ts';
import type { Failure } from './failure.ts';
import type { ProxyLimits, ProxyTimeouts } from './settings.ts';
import type { Sweep } from './sweep.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamDialer } from './upstream-dialer.ts';
export interface PoolOptions {
    readonly dialer: UpstreamDialer;
    readonly limits: ProxyLimits;
    readonly timeouts: ProxyTimeouts;
    readonly sweep: Sweep;
}
/** A request that waits until the pool may give it a connection. */
export interface QueuedRequest {
    readonly queuedSinceMs: number;
    onPoolReady(upstream: UpstreamConnection): void;
    onPoolFailure(failure: Failure): void;
}
/**
 * The connections to one endpoint over one transport. The one that was used last is used next, so that
 * those which load no longer needs fall idle and time out.
 */
export declare class EndpointPool implements Balanced {
    #private;
    readonly endpoint: UpstreamEndpoint;
    /** Requests under way. */
    inFlight: number;
    /** How many clusters list the endpoint; at 0 its idle connections are closed. */
    references: number;
    readonly options: PoolOptions;
    constructor(endpoint: UpstreamEndpoint, options: PoolOptions);
    get openCount(): number;
    get idleCount(): number;
    get queuedCount(): number;
    get isUnused(): boolean;
    /** The idle connection that was used last, or null. */
    take(): UpstreamConnection | null;
    /** A fresh connection, to be written to at once; null at the limit. A Failure: it cannot be made at all. */
    connect(): UpstreamConnection | Failure | null;
    /** False: the queue is full. */
    enqueue(request: QueuedRequest): boolean;
    dequeue(request: QueuedRequest): void;
    /** The connection's exchange is over, and it can carry another. */
    release(connection: UpstreamConnection): void;
    /** From the connection's onClose. */
    closed(connection: UpstreamConnection): void;
    onSweep(nowMs: number): void;
    /** Closes all; requests under way fail. */
    abort(): void;
}
