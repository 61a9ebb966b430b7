/**
 * The flow of one exchange: the request from the client to an endpoint, the response back. Whatever is
 * slower pauses whatever feeds it. One lives with each downstream connection.
 */
import { BodyReader, type RequestHead, type ResponseHead, type Transport } from '@tulle/http';
import type { DownstreamContext } from './downstream-context.ts';
import type { QueuedRequest } from './endpoint-pool.ts';
import type { Exchange } from './exchange.ts';
import { type Failure } from './failure.ts';
import { type ReadPauses } from './read-pauses.ts';
import { type ClientTerms } from './response-writer.ts';
import { type ResponseBytes, type ResponseSink, UpstreamConnection, type UpstreamFailure } from './upstream-connection.ts';
import type { EndpointSlot } from './upstreams.ts';
/** The connection that the relay serves. */
export interface RelayClient {
    readonly transport: Transport;
    readonly exchange: Exchange;
    readonly pauses: ReadPauses;
    /** Bytes move: the exchange is not idle. */
    touch(): void;
    /** The request has left the endpoint's queue; what waited of its body may go on. */
    onQueueLeft(): void;
    onRelayed(): void;
    fail(failure: Failure): void;
    failUpstream(failure: UpstreamFailure): void;
}
export declare class Relay implements ResponseSink, QueuedRequest, ClientTerms {
    #private;
    isHeadRequest: boolean;
    isHttp10: boolean;
    closes: boolean;
    queuedSinceMs: number;
    /** The client has part of a final response. */
    hasResponse: boolean;
    readonly requestBody: BodyReader;
    constructor(client: RelayClient, context: DownstreamContext);
    /** A request begins; null: one that could not even be read. */
    begin(head: RequestHead | null): void;
    get isRequestSent(): boolean;
    /** Body bytes can be forwarded now. */
    get takesBody(): boolean;
    /** The client has not taken all that was written. */
    get isFull(): boolean;
    /** Sends `head` and what of its body is in [at,end); gives the offset after what was taken. */
    send(slot: EndpointSlot, head: RequestHead, buffer: Buffer, at: number, end: number): number;
    forwardBody(buffer: Buffer, start: number, end: number): number;
    onPoolReady(upstream: UpstreamConnection): void;
    onPoolFailure(failure: Failure): void;
    onUpstreamDrain(): void;
    /** A 1.0 client knows no 1xx (RFC 9110 section 15.2). */
    onInterim(interim: ResponseHead): void;
    onResponse(response: ResponseHead, body: BodyReader, from: ResponseBytes): number;
    onResponseBody(body: BodyReader, from: ResponseBytes): number;
    onResponseEnd(): void;
    onUpstreamFailure(failure: UpstreamFailure): void;
    /** The client has taken all that was written: the upstream may go on. */
    onClientDrain(): void;
    /** Writes an answer that was made here. */
    writeLocal(bytes: Buffer): void;
    /** Lets go of upstream, queue and copy, whatever there is. */
    drop(): void;
}
