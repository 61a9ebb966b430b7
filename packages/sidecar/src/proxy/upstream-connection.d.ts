import { BodyReader, ResponseHead, type Transport, type TransportError } from '@tulle/http';
import type { EndpointPool } from './endpoint-pool.ts';
import type { UpstreamHandler } from './upstream-dialer.ts';
/** Who a response is for: the downstream side of the exchange. */
export interface ResponseSink {
    readonly isHeadRequest: boolean;
    /** The whole request has been received and written. */
    readonly isRequestSent: boolean;
    onInterim(head: ResponseHead): void;
    /** Writes the head and as much of [at,end) as is body; gives the offset after what it took. */
    onResponse(head: ResponseHead, body: BodyReader, from: ResponseBytes): number;
    onResponseBody(body: BodyReader, from: ResponseBytes): number;
    /** The response is complete. The connection is free already. */
    onResponseEnd(): void;
    onUpstreamDrain(): void;
    onUpstreamFailure(failure: UpstreamFailure): void;
}
/** [at,end) of a buffer that is valid during the call. One object for all: it is filled in anew each time. */
export interface ResponseBytes {
    buffer: Buffer;
    at: number;
    end: number;
}
export type UpstreamFailure = {
    readonly kind: 'protocol';
}
/** Before the connection stood: nothing was sent. */
 | {
    readonly kind: 'connect';
    readonly error: TransportError;
}
/** `isReused`: it had served another request before, so it may have been closing already. */
 | {
    readonly kind: 'closed';
    readonly isReused: boolean;
    readonly hasResponse: boolean;
};
/** A connection to an endpoint, serving one exchange at a time: parses responses and hands them on. */
export declare class UpstreamConnection implements UpstreamHandler {
    #private;
    transport: Transport;
    readonly pool: EndpointPool;
    readonly generation: number;
    idleSinceMs: number;
    constructor(pool: EndpointPool, generation: number);
    get isClosed(): boolean;
    /** Begins an exchange; the caller writes the request to `transport` next. */
    attach(sink: ResponseSink): void;
    /** Gives the exchange up; what the upstream still says is of no interest. */
    abort(): void;
    /** Closes an idle connection in order. */
    retire(): void;
    onConnect(): void;
    onDrain(): void;
    onData(buffer: Buffer, start: number, end: number): void;
    onEnd(): void;
    onClose(error: TransportError | null): void;
}
