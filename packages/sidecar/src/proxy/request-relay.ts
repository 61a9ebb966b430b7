/**
 * The way of a request, from a client's stream to an endpoint's: routed by the stack, held while discovery
 * is asked or its service has just lost its last endpoint, queued while the endpoint has no room, sent, and sent again, to another endpoint where there is
 * one, if that is safe. Whatever is slower pauses whatever feeds it. The way back is ResponseRelay's.
 *
 * Long because all of these are states of one request.
 */
import {
  type ClientStream,
  type FieldSection,
  H1_HEAD_TOO_LARGE,
  h1ErrorOf,
  type RequestHead,
  type ServerStream,
  type ServerStreamHandler,
  type StreamFailure,
} from '@tulle/http';
import type { OutboundLookup } from '../config/mesh-view.ts';
import type { DownstreamContext } from './downstream-context.ts';
import type { QueuedRequest } from './endpoint-pool.ts';
import { Exchange } from './exchange.ts';
import { badRequest, type Failure, failures, type Outcome } from './failure.ts';
import { sendLocalAnswer } from './local-answer.ts';
import type { RequestCopy } from './request-copy.ts';
import type { ServedClient, ServedRequest } from './request-stack.ts';
import { outcomeOf } from './rescue.ts';
import { type RespondedRequest, ResponseRelay } from './response-relay.ts';
import { isIdempotent, isSafeToSendAgain, type Loss, lossOf, maySendAgain } from './send-again.ts';
import { EndpointSlot } from './upstreams.ts';

/** With an upstream, or with nothing at all. */
const MOVING = 0;
/** Discovery has been asked, or is to tell of an endpoint. */
const HELD = 1;
/** In the endpoint's queue. */
const QUEUED = 2;

/** Whose request it is, which wants to know when it is over. */
export interface RelayClient extends ServedClient {
  onExchangeOver(relay: RequestRelay): void;
}

const nobody: RelayClient = {
  peer: null,
  captured: null,
  forwarded: null,
  authority: '',
  onExchangeOver() {},
};

/** The relays are used again: one is at work for each exchange, whoever's it is. */
export class RequestRelay implements ServerStreamHandler, ServedRequest, QueuedRequest, RespondedRequest {
  readonly exchange = new Exchange();
  client: RelayClient = nobody;
  /** Among the client's relays at work. */
  next: RequestRelay | null = null;
  previous: RequestRelay | null = null;
  readonly responseHandler: ResponseRelay;
  stream: ServerStream | null = null;
  resolved: OutboundLookup | null = null;
  holdNumber = 0;
  queuedSinceMs = 0;
  activeMs = 0;
  readonly #context: DownstreamContext;
  #upstream: ClientStream | null = null;
  #state = MOVING;
  #isRequestEnded = false;
  /** What waits while held or queued; else what may be sent again. */
  #copy: RequestCopy | null = null;

  constructor(context: DownstreamContext) {
    this.#context = context;
    this.responseHandler = new ResponseRelay(this);
  }

  begin(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    const { clock, tracer, capturesText } = this.#context;
    this.stream = stream;
    this.#isRequestEnded = isEnd;
    this.exchange.begin(clock.monotonicMs());
    this.touch();
    if (capturesText) this.exchange.text.capture(head);
    tracer.begin(this.exchange, head);
    this.#route(head, null);
  }

  /** A request that could not be read: nothing of it is known. */
  refuse(stream: ServerStream | null, failure: Failure): void {
    this.stream = stream;
    this.#isRequestEnded = true;
    this.exchange.begin(this.#context.clock.monotonicMs());
    this.fail(failure);
  }

  touch(): void {
    this.activeMs = this.#context.sweep.nowMs;
  }

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.touch();
    this.exchange.requestBytes += end - start;
    this.#isRequestEnded = isEnd;
    const copy = this.#copy;
    const upstream = this.#upstream;
    if (copy !== null) {
      const limit = upstream === null ? Number.POSITIVE_INFINITY : this.#context.copies.maxReplayBytes;
      if (!copy.keepBody(buffer, start, end, isEnd, limit)) this.#releaseCopy();
    }
    if (upstream === null) return;
    const takesMore = upstream.sendBody(buffer, start, end, isEnd);
    if (isEnd) this.#directionEnded();
    else if (!takesMore) this.exchange.requestStall.begin(this.stream, this.activeMs);
  }

  onTrailers(trailers: FieldSection): void {
    this.touch();
    this.#isRequestEnded = true;
    this.#copy?.keepTrailers(trailers);
    this.#upstream?.sendTrailers(trailers);
  }

  /** The client has taken all that was written. */
  onDrain(): void {
    this.touch();
    this.exchange.responseStall.end(this.#upstream);
  }

  onAbort(failure: StreamFailure): void {
    const canRespond = this.stream?.canRespond === true;
    if (failure.kind === 'protocol' && canRespond) {
      this.fail(badRequest(failure.error));
      return;
    }
    this.stream = null;
    this.fail(failure.kind === 'protocol' ? badRequest(failure.error) : failures.downstreamClosed);
  }

  resumeRouting(holdNumber: number, lookup: OutboundLookup | null): void {
    const copy = this.#copy;
    if (this.#state !== HELD || this.holdNumber !== holdNumber || copy === null) return;
    this.#state = MOVING;
    this.#copy = null;
    this.resolved = lookup;
    this.#route(copy.head, copy);
  }

  giveUp(holdNumber: number, failure: Failure, detail: string): void {
    if (this.#state !== HELD || this.holdNumber !== holdNumber) return;
    this.#state = MOVING;
    this.#context.stack.rescue(this, failure, detail);
  }

  onPoolReady(upstream: ClientStream): void {
    const copy = this.#copy!;
    this.#state = MOVING;
    this.#sendCopy(upstream, copy);
    this.stream?.resume();
  }

  onPoolFailure(failure: Failure): void {
    this.#state = MOVING;
    this.fail(failure);
  }

  fail(failure: Failure): void {
    this.#context.stack.rescue(this, failure, '');
  }

  /** The upstream broke off: the request is sent again where it can be, else the failure is answered. */
  onUpstreamAbort(failure: StreamFailure): void {
    this.#upstream = null;
    const loss = lossOf(failure);
    if (loss !== null && this.#recovers(loss, outcomeOf(failure))) return;
    this.#context.stack.rescueUpstream(this, failure);
  }

  onLossAnswered(loss: Loss): boolean {
    const failure = loss.told ?? failures.connectFailed;
    return this.#recovers(loss, { failure, detail: 'its sidecar says so, and no other came in time' });
  }

  /** The exchange ends with an answer of ours; or is cut, when the client has part of another. */
  answer(failure: Failure, detail: string): void {
    const { exchange } = this;
    exchange.flag = failure.flag;
    exchange.reason = failure.reason;
    this.#drop();
    const { stream } = this;
    if (stream !== null) {
      if (failure.status === 0 || !stream.canRespond) stream.abort('internal');
      else {
        sendLocalAnswer(stream, exchange, { failure, detail });
      }
    }
    this.#close();
  }

  onResponseBegun(status: number, opensTunnel: boolean): void {
    this.touch();
    this.#releaseCopy();
    const { exchange } = this;
    const { slot } = exchange;
    exchange.code = status;
    exchange.hasResponse = true;
    exchange.isTunnel = opensTunnel;
    if (slot?.isAvoided) slot.pool.avoidance.onAnswer(exchange.startedMs);
  }

  onResponseEnded(): void {
    this.exchange.isResponseEnded = true;
    this.#directionEnded();
  }

  /** Gives the upstream up, for a reason that onUpstreamAbort() would not hear of. */
  abortUpstream(): void {
    this.#upstream?.abort('cancel');
    this.#upstream = null;
  }

  pauseUpstream(): void {
    this.exchange.responseStall.begin(this.#upstream, this.activeMs);
  }

  /** An exchange is over with its response, a tunnel with both of its directions. */
  #directionEnded(): void {
    const { exchange } = this;
    if (!exchange.isResponseEnded || (exchange.isTunnel && !this.#isRequestEnded)) return;
    this.#upstream = null;
    this.#close();
  }

  #route(head: RequestHead, held: RequestCopy | null): void {
    const route = this.#context.stack.route(this, head);
    if (route instanceof EndpointSlot) {
      this.#sendTo(route, head, held);
      if (held !== null && this.#state === MOVING) this.stream?.resume();
      return;
    }
    if (route === null) {
      this.#state = HELD;
      this.#keepWaiting(head, null, held);
      return;
    }
    if (held !== null) this.#context.copies.release(held);
    this.#context.stack.rescue(this, route, this.exchange.detail);
  }

  #sendTo(slot: EndpointSlot, head: RequestHead, held: RequestCopy | null): void {
    const { exchange } = this;
    const { ownFields, capturesText } = this.#context;
    const { pool } = slot;
    this.#take(slot);
    const isMeshed = pool.endpoint.mesh !== null;
    exchange.tellsHttp1 = isMeshed && exchange.appMajor === 1;
    const extra = ownFields.prepare(head, exchange);
    if (capturesText || exchange.span !== null) ownFields.captureOwnId(exchange.text);
    const httpMajor = isMeshed ? 2 : exchange.appMajor;
    const isAtRisk = httpMajor === 1 && this.#context.mayUpstreamEnd() && !isIdempotent(head);
    const upstream = isAtRisk
      ? pool.openFresh(1, this.responseHandler)
      : pool.open(httpMajor, this.responseHandler, head.contentLength);
    if (upstream === null) {
      this.#enqueue(slot, httpMajor, this.#keepWaiting(head, extra, held));
    } else if ('reason' in upstream) {
      if (held !== null) this.#context.copies.release(held);
      this.#context.stack.rescue(this, upstream, '');
    } else if (held !== null) {
      held.keepFields(extra);
      this.#sendCopy(upstream, held);
    } else {
      this.#upstream = upstream;
      if (maySendAgain(head, upstream, httpMajor)) this.#copy = this.#copyOf(head, extra);
      if (!upstream.sendRequest(head, null, extra, this.#isRequestEnded)) this.#refuseHead();
    }
  }

  /** The exchange is that endpoint's from now on. */
  #take(slot: EndpointSlot): void {
    const { exchange } = this;
    if (exchange.slot !== null) exchange.slot.pool.inFlight--;
    exchange.previousSlot = exchange.slot;
    exchange.slot = slot;
    slot.pool.inFlight++;
  }

  #enqueue(slot: EndpointSlot, httpMajor: 1 | 2, copy: RequestCopy): void {
    this.#state = QUEUED;
    this.queuedSinceMs = this.#context.sweep.nowMs;
    copy.httpMajor = httpMajor;
    if (!slot.pool.enqueue(this, httpMajor)) this.fail(failures.poolOverflow);
  }

  /** Copies what waits, and stops the client. */
  #keepWaiting(head: RequestHead, extra: FieldSection | null, held: RequestCopy | null): RequestCopy {
    const copy = held ?? this.#copyOf(head, extra);
    if (held !== null) held.keepFields(extra);
    this.#copy = copy;
    this.stream?.pause();
    return copy;
  }

  #copyOf(head: RequestHead, extra: FieldSection | null): RequestCopy {
    const copy = this.#context.copies.take();
    copy.keepHead(head, this.#isRequestEnded);
    copy.keepFields(extra);
    return copy;
  }

  /** Sends what was held or queued, or is sent again. */
  #sendCopy(upstream: ClientStream, copy: RequestCopy): void {
    this.#upstream = upstream;
    // Kept on only where it may have to be sent again; what follows of the body may end that.
    const keeps = copy.bodyBytes <= this.#context.copies.maxReplayBytes;
    this.#copy = keeps ? copy : null;
    const isSent = copy.send(upstream);
    if (!keeps) this.#context.copies.release(copy);
    if (!isSent) this.#refuseHead();
  }

  #refuseHead(): void {
    this.abortUpstream();
    this.fail(badRequest(h1ErrorOf(H1_HEAD_TOO_LARGE)));
  }

  /** The request is sent again, or waits for somebody to be sent to; `outcome` is what it is answered in the end. */
  #recovers(loss: Loss, outcome: Outcome): boolean {
    const next = this.#nextFor(loss);
    if (next !== null) {
      this.abortUpstream();
      this.#sendAgain(next, loss);
      return true;
    }
    if (!loss.isUnreachable || this.#copy === null || this.exchange.hasResponse) return false;
    if (!this.#context.stack.holdForEndpoint(this, outcome)) return false;
    this.abortUpstream();
    this.#state = HELD;
    this.stream?.pause();
    return true;
  }

  /** Where the request is to be sent again; null: its failure is answered. */
  #nextFor(loss: Loss): EndpointSlot | null {
    const { exchange } = this;
    const { slot } = exchange;
    if (slot === null) return null;
    if (loss.isUnreachable) slot.pool.avoidance.onUnreachable(this.#context.clock.monotonicMs());
    const copy = this.#copy;
    if (copy === null || exchange.hasResponse || !isSafeToSendAgain(copy, loss)) return null;
    return this.#context.retries.next(exchange, loss);
  }

  #sendAgain(slot: EndpointSlot, { isUnprocessed }: Loss): void {
    const { exchange, responseHandler } = this;
    const copy = this.#copy!;
    const { ownFields } = this.#context;
    const isMeshed = slot.endpoint.mesh !== null;
    const lost = exchange.slot!;
    if (slot !== lost) this.#take(slot);
    exchange.tellsHttp1 = isMeshed && exchange.appMajor === 1;
    if (isMeshed !== (lost.endpoint.mesh !== null)) copy.keepFields(ownFields.prepare(copy.head, exchange));
    const httpMajor = isMeshed ? 2 : exchange.appMajor;
    const takesFresh = slot === lost || !isUnprocessed;
    const upstream = takesFresh
      ? slot.pool.openFresh(httpMajor, responseHandler)
      : slot.pool.open(httpMajor, responseHandler);
    if (upstream === null) {
      this.stream?.pause();
      this.#enqueue(slot, httpMajor, copy);
    } else if ('reason' in upstream) this.fail(upstream);
    else {
      this.#sendCopy(upstream, copy);
      // The lost upstream may have made it wait.
      this.stream?.resume();
    }
  }

  /** Lets go of upstream, queue and copy, whatever there is. */
  #drop(): void {
    this.abortUpstream();
    if (this.#state === QUEUED) this.exchange.slot?.pool.dequeue(this);
    this.#state = MOVING;
    this.#releaseCopy();
  }

  #releaseCopy(): void {
    const copy = this.#copy;
    if (copy === null) return;
    this.#copy = null;
    this.#context.copies.release(copy);
  }

  #close(): void {
    const { exchange } = this;
    if (this.stream !== null) this.stream.handler = null;
    this.stream = null;
    if (!exchange.isActive) return;
    exchange.isActive = false;
    if (exchange.slot !== null) exchange.slot.pool.inFlight--;
    this.#context.stack.finish(this);
    this.client.onExchangeOver(this);
  }
}
