/**
 * A client's connection: reads requests one after another, has the stack find an endpoint for each and
 * the relay carry it there, and sees to the ends: answers of our own, deadlines, drain, closing.
 */
import { type Transport, type TransportHandler } from '@tulle/http';
import type { OutboundLookup } from '../config/mesh-view.ts';
import type { DownstreamContext } from './downstream-context.ts';
import { Exchange } from './exchange.ts';
import { type Failure } from './failure.ts';
import type { InboundPeer } from './inbound-peer.ts';
import { ReadPauses } from './read-pauses.ts';
import { type RelayClient } from './relay.ts';
import type { Swept } from './sweep.ts';
import type { UpstreamFailure } from './upstream-connection.ts';
export declare class DownstreamConnection implements TransportHandler, RelayClient, Swept {
    #private;
    readonly exchange: Exchange;
    readonly transport: Transport;
    readonly pauses: ReadPauses;
    /** Inbound: who it is and what it asked for. */
    readonly peer: InboundPeer | null;
    /** The answer that the request was held for; the stack takes it. */
    resolved: OutboundLookup | null;
    /** As of the last request, so that the next one needs no new string. */
    authority: string;
    holdNumber: number;
    constructor(transport: Transport, context: DownstreamContext, peer: InboundPeer | null);
    touch(): void;
    onData(buffer: Buffer, start: number, end: number): void;
    onDrain(): void;
    /** Within an exchange this means that the client is gone, as nginx and Go's net/http take it too. */
    onEnd(): void;
    onClose(): void;
    onSweep(nowMs: number): void;
    /** The sidecar stops: an idle connection goes at once, a busy one after its exchange. */
    drain(): void;
    /** What the drain did not finish in time. */
    cutAtDeadline(): void;
    /** Discovery has answered the hold of that number; the request is read again, from its copy. */
    resumeRouting(holdNumber: number, lookup: OutboundLookup): void;
    onQueueLeft(): void;
    onRelayed(): void;
    fail(failure: Failure): void;
    failUpstream(failure: UpstreamFailure): void;
    /** The exchange ends with an answer of ours; or is cut, when the client has part of another. */
    answer(failure: Failure, detail: string): void;
    /** Closes so that no part of a response can pass for the whole (RFC 9112 section 8). */
    cut(): void;
}
