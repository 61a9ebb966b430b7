import type { RequestHead, StreamFailure } from '@tulle/http';
import type { OriginalAddress } from '../capture/original-destination.ts';
import type { OutboundLookup } from '../config/mesh-view.ts';
import type { Exchange } from './exchange.ts';
import type { Failure, Outcome } from './failure.ts';
import type { ForwardedClient } from './forwarded-client.ts';
import type { InboundPeer } from './inbound-peer.ts';
import type { EndpointSlot } from './upstreams.ts';

/** A client's connection as a stack sees it. */
export interface ServedClient {
  /** Inbound: who it is and what it asked for. */
  readonly peer: InboundPeer | null;
  /** Outbound and captured: where it wanted to go, whatever it says in Host. */
  readonly captured: OriginalAddress | null;
  /** Inbound: what the application is told of it. */
  readonly forwarded: ForwardedClient | null;
  /** As of its last request, so that the next one needs no new string. */
  authority: string;
}

/** A request as a stack sees it. */
export interface ServedRequest {
  readonly exchange: Exchange;
  readonly client: ServedClient;
  /** The answer that the request was held for; the stack takes it. */
  resolved: OutboundLookup | null;
  /** Counts the holds, so that a late answer meets its own. */
  holdNumber: number;
  /** What the hold of that number was for is there; where `lookup` is null, it is looked up again. */
  resumeRouting(holdNumber: number, lookup: OutboundLookup | null): void;
  /** What the hold of that number was for has not come. */
  giveUp(holdNumber: number, failure: Failure, detail: string): void;
  /** Ends the exchange with an answer of ours; or cuts it, when the client has part of another. */
  answer(failure: Failure, detail: string): void;
}

/**
 * One side's way of a request, implemented by the outbound and the inbound stack. No promise and no
 * closure for a request: a stage answers at once, or holds the request.
 */
export interface RequestStack {
  /** Which endpoint; or why there is none; or null: held, `request.resumeRouting()` comes later. */
  route(request: ServedRequest, head: RequestHead): EndpointSlot | Failure | null;
  /** Which other endpoint, for a request that `exchange.slot` has lost; null: there is none. */
  routeAgain(exchange: Exchange): EndpointSlot | null;
  /** For a request that nobody could be sent to: true where it waits for an endpoint, as held by route(). */
  holdForEndpoint(request: ServedRequest, outcome: Outcome): boolean;
  /** The exchange failed for a reason of ours or the client's. The one exit of all failures. */
  rescue(request: ServedRequest, failure: Failure, detail: string): void;
  /** As rescue, for what an upstream did. */
  rescueUpstream(request: ServedRequest, failure: StreamFailure): void;
  /** The exchange is over, well or not: counts and logs it. */
  finish(request: ServedRequest): void;
}
