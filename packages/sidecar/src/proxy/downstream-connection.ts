/**
 * A client's connection: reads requests one after another, has the stack find an endpoint, streams
 * the request to it and the response back. Whatever is slower pauses whatever feeds it.
 */
import {
  BodyReader,
  FRAMING_NONE,
  H1_HEAD_TOO_LARGE,
  HeadStash,
  NEED_MORE,
  NO_ROOM,
  parseRequestHead,
  RequestHead,
  type ResponseHead,
  scratch,
  type Transport,
  type TransportHandler,
  writeResponseHead,
} from '@tulle/http';
import type { OutboundLookup } from '../config/mesh-view.ts';
import type { DownstreamContext } from './downstream-context.ts';
import type { QueuedRequest } from './endpoint-pool.ts';
import { Exchange } from './exchange.ts';
import { badRequest, type Failure, failures } from './failure.ts';
import type { InboundPeer } from './inbound-peer.ts';
import { localAnswer } from './local-answer.ts';
import { isIdempotent } from './request-encoder.ts';
import { ResponseWriter } from './response-writer.ts';
import type { Swept } from './sweep.ts';
import {
  type ResponseBytes,
  type ResponseSink,
  UpstreamConnection,
  type UpstreamFailure,
} from './upstream-connection.ts';
import { EndpointSlot } from './upstreams.ts';

/** Between requests, or within a head. */
const IDLE = 0;
/** Discovery has been asked. */
const HELD = 1;
/** In the endpoint's queue. */
const QUEUED = 2;
const ACTIVE = 3;
/** The response is complete, and the client has not taken it all. */
const FLUSHING = 4;
/** Half-closed by us; what still comes is dropped. */
const ENDING = 5;
const CLOSED = 6;

/** Why reading is paused, as bits. */
const FOR_ROUTE = 1;
const FOR_UPSTREAM = 2;
const FOR_TURN = 4;
const FOR_FLUSH = 8;

/** One for all connections: a head is used up within the call that parsed it. */
const head = new RequestHead();

export class DownstreamConnection implements TransportHandler, ResponseSink, QueuedRequest, Swept {
  readonly exchange = new Exchange();
  /** Inbound: who it is and what it asked for. */
  readonly peer: InboundPeer | null;
  readonly transport: Transport;
  /** The answer that the request was held for; the stack takes it. */
  resolved: OutboundLookup | null = null;
  /** As of the last request, so that the next one needs no new string. */
  authority = '';
  holdNumber = 0;
  isHeadRequest = false;
  isHttp10 = false;
  /** No further request will be read. */
  closes = false;
  queuedSinceMs = 0;

  readonly #context: DownstreamContext;
  readonly #writer = new ResponseWriter();
  readonly #requestBody = new BodyReader();
  readonly #stash = new HeadStash();
  #phase = IDLE;
  #pauses = 0;
  #upstream: UpstreamConnection | null = null;
  #isUpstreamPaused = false;
  #hasResponse = false;
  #expectsContinue = false;
  /** Bytes of the next requests, or of the one that is held. */
  #waiting: Buffer | null = null;
  /** The request as it was sent, or is to be sent. */
  #copy: Buffer | null = null;
  #copyLength = 0;
  #activeMs: number;
  #headSinceMs = 0;
  #flushedMs = 0;
  #discardedBytes = 0;

  constructor(transport: Transport, context: DownstreamContext, peer: InboundPeer | null) {
    this.transport = transport;
    this.#context = context;
    this.peer = peer;
    this.#activeMs = context.sweep.nowMs;
    context.connections.add(this);
    context.sweep.add(this);
    transport.handler = this;
  }

  get isRequestSent(): boolean {
    return this.#phase === ACTIVE && this.#requestBody.done;
  }

  // ---- from the client ----

  onData(buffer: Buffer, start: number, end: number): void {
    this.#activeMs = this.#context.sweep.nowMs;
    switch (this.#phase) {
      case IDLE:
        this.#readRequests(buffer, start, end);
        return;
      case ACTIVE: {
        const at = this.#requestBody.done ? start : this.#forwardBody(buffer, start, end);
        if (at < end && this.#phase === ACTIVE) this.#keepWaiting(buffer, at, end);
        return;
      }
      case ENDING:
        this.#discardedBytes += end - start;
        if (this.#discardedBytes > this.#context.settings.limits.maxDiscardedBytes) this.#pause(FOR_TURN);
        return;
      case CLOSED:
        return;
      default:
        this.#keepWaiting(buffer, start, end);
    }
  }

  onDrain(): void {
    this.#activeMs = this.#context.sweep.nowMs;
    if (this.#phase === FLUSHING) {
      this.#resume(FOR_FLUSH);
      this.#next();
    } else if (this.#isUpstreamPaused) {
      this.#isUpstreamPaused = false;
      this.#upstream?.transport.resume();
    }
  }

  /** Within an exchange this means that the client is gone, as nginx and Go's net/http take it too. */
  onEnd(): void {
    if (this.#phase === IDLE || this.#phase === FLUSHING) this.#end();
    else if (this.exchange.isActive) this.#fail(failures.downstreamClosed);
  }

  onClose(): void {
    if (this.exchange.isActive) this.#fail(failures.downstreamClosed);
    this.#phase = CLOSED;
    this.#waiting = null;
    this.#context.connections.delete(this);
    this.#context.sweep.delete(this);
  }

  onSweep(nowMs: number): void {
    const { timeouts } = this.#context.settings;
    const idleMs = nowMs - this.#activeMs;
    switch (this.#phase) {
      case IDLE:
        if (this.#headSinceMs > 0 && nowMs - this.#headSinceMs >= timeouts.headMs)
          this.#refuse(failures.headTimeout);
        else if (idleMs >= timeouts.downstreamIdleMs) this.#end();
        return;
      case ENDING:
        // The kernel may still hold bytes for the client: a reset would drop them.
        if (this.transport.queuedBytes > 0 && idleMs < timeouts.streamIdleMs) this.#flushedMs = nowMs;
        else if (nowMs - this.#flushedMs >= timeouts.lingerMs) this.cut();
        return;
      case FLUSHING:
        if (idleMs >= timeouts.streamIdleMs) this.cut();
        return;
      case CLOSED:
        return;
      default:
        if (idleMs >= timeouts.streamIdleMs) this.#fail(failures.streamIdle);
    }
  }

  /** The sidecar stops: an idle connection goes at once, a busy one after its exchange. */
  drain(): void {
    if (this.#phase === IDLE && this.#stash.isEmpty) this.#end();
  }

  /** What the drain did not finish in time. */
  cutAtDeadline(): void {
    if (this.exchange.isActive) this.#fail(failures.drained);
    else this.cut();
  }

  #readRequests(buffer: Buffer, start: number, end: number): void {
    const { limits } = this.#context.settings;
    let bytes = buffer;
    let at = start;
    let stop = end;
    if (!this.#stash.isEmpty) {
      const joined = this.#stash.join(buffer, start, end, limits.head.maxHeadBytes);
      if (joined === null) return;
      bytes = joined;
      at = 0;
      stop = joined.length;
    }
    while (at < stop && this.#phase === IDLE) {
      const after = parseRequestHead(head, bytes, at, stop, limits.head);
      if (after === NEED_MORE) {
        if (this.#headSinceMs === 0) this.#headSinceMs = this.#context.sweep.nowMs;
        this.#stash.keep(bytes, at, stop);
        return;
      }
      if (after < 0) {
        this.#refuse(badRequest(after));
        return;
      }
      at = this.#beginRequest(bytes, after, stop);
    }
    if (at < stop && this.#phase <= FLUSHING) this.#keepWaiting(bytes, at, stop);
  }

  /** `head` is parsed; gives the offset after what was taken of [at,end). */
  #beginRequest(buffer: Buffer, at: number, end: number): number {
    const context = this.#context;
    this.#headSinceMs = 0;
    if (this.resolved === null) this.exchange.begin(context.clock.monotonicMs());
    this.isHeadRequest = head.isHead;
    this.isHttp10 = head.httpMinor === 0;
    this.closes = !head.keepAlive || context.isDraining;
    this.#expectsContinue = head.expectContinue;
    this.#hasResponse = false;
    this.#writer.isFull = false;
    this.#requestBody.reset(head.framing, head.contentLength);
    if (context.capturesText) this.#captureText();
    const route = context.stack.route(this, head);
    if (route instanceof EndpointSlot) return this.#send(route, buffer, at, end);
    if (route === null) {
      this.#phase = HELD;
      this.#waiting = Buffer.from(buffer.subarray(head.start, end));
      this.#pause(FOR_ROUTE);
      return end;
    }
    const after = this.#requestBody.done ? at : this.#requestBody.scan(buffer, at, end);
    if (this.#requestBody.errorCode !== 0) this.closes = true;
    context.stack.rescue(this, route, this.exchange.detail);
    return after;
  }

  /** Discovery has answered the hold of that number; the request is read again, from its copy. */
  resumeRouting(holdNumber: number, lookup: OutboundLookup): void {
    if (this.#phase !== HELD || this.holdNumber !== holdNumber) return;
    const bytes = this.#waiting!;
    this.#waiting = null;
    this.#phase = IDLE;
    this.resolved = lookup;
    this.#resume(FOR_ROUTE);
    this.#readRequests(bytes, 0, bytes.length);
  }

  #send(slot: EndpointSlot, buffer: Buffer, at: number, end: number): number {
    const { encoder, replays, stack } = this.#context;
    const body = this.#requestBody;
    this.exchange.slot = slot;
    slot.pool.inFlight++;
    const length = encoder.encode(head, body, buffer, at, end);
    if (length === NO_ROOM || body.errorCode !== 0) {
      this.closes = true;
      stack.rescue(this, badRequest(length === NO_ROOM ? H1_HEAD_TOO_LARGE : body.errorCode), '');
      return end;
    }
    if (this.#context.capturesText) this.exchange.requestId = encoder.requestId(head);
    const consumed = encoder.consumed;
    this.exchange.requestBytes = consumed - at;
    const pooled = slot.pool.take();
    const upstream = pooled ?? slot.pool.connect();
    if (upstream instanceof UpstreamConnection) {
      if (pooled !== null && body.done && isIdempotent(head)) this.#keepCopy(replays.keep(length), length);
      this.#attach(upstream, scratch.buffer, length);
      return body.done || consumed === end ? consumed : this.#forwardBody(buffer, consumed, end);
    }
    if (upstream !== null) stack.rescue(this, upstream, '');
    else if (!slot.pool.enqueue(this)) stack.rescue(this, failures.poolOverflow, '');
    else {
      this.#phase = QUEUED;
      this.queuedSinceMs = this.#context.sweep.nowMs;
      this.#keepCopy(Buffer.from(scratch.buffer.subarray(0, length)), length);
      this.#pause(FOR_ROUTE);
    }
    return consumed;
  }

  /** A connection has become free for the queued request. */
  onPoolReady(upstream: UpstreamConnection): void {
    const copy = this.#copy!;
    this.#copy = null;
    this.#attach(upstream, copy, this.#copyLength);
    this.#resume(FOR_ROUTE);
    const waiting = this.#waiting;
    if (waiting === null || this.#requestBody.done) return;
    this.#waiting = null;
    this.#resume(FOR_TURN);
    const after = this.#forwardBody(waiting, 0, waiting.length);
    if (after < waiting.length && this.#phase === ACTIVE) this.#keepWaiting(waiting, after, waiting.length);
  }

  onPoolFailure(failure: Failure): void {
    this.#fail(failure);
  }

  #attach(upstream: UpstreamConnection, bytes: Buffer, length: number): void {
    this.#phase = ACTIVE;
    this.#upstream = upstream;
    upstream.attach(this);
    if (!upstream.transport.write(bytes, 0, length) && !this.#requestBody.done) this.#pause(FOR_UPSTREAM);
  }

  #forwardBody(buffer: Buffer, start: number, end: number): number {
    const body = this.#requestBody;
    const after = body.scan(buffer, start, end);
    if (body.errorCode !== 0) {
      this.closes = true;
      this.#fail(badRequest(body.errorCode));
      return end;
    }
    this.exchange.requestBytes += after - start;
    const isFull = !this.#upstream!.transport.write(buffer, start, after);
    if (isFull && !body.done) this.#pause(FOR_UPSTREAM);
    return after;
  }

  // ---- from the upstream ----

  onUpstreamDrain(): void {
    this.#activeMs = this.#context.sweep.nowMs;
    this.#resume(FOR_UPSTREAM);
  }

  /** A 1.0 client knows no 1xx (RFC 9110 section 15.2). */
  onInterim(interim: ResponseHead): void {
    if (interim.status === 100) this.#expectsContinue = false;
    if (this.isHttp10) return;
    const length = writeResponseHead(scratch.buffer, 0, interim, null, null, 0);
    if (length !== NO_ROOM) this.transport.write(scratch.buffer, 0, length);
  }

  onResponse(response: ResponseHead, body: BodyReader, from: ResponseBytes): number {
    this.#activeMs = this.#context.sweep.nowMs;
    this.#releaseCopy();
    // The rest of the request will not come, or is not wanted: this client is not read any further.
    if (!this.#requestBody.done && (response.status >= 300 || this.#expectsContinue)) this.closes = true;
    if (this.#context.isDraining) this.closes = true;
    this.exchange.code = response.status;
    const before = from.at;
    const after = this.#writer.open(this.transport, response, body, from, this);
    if (after === NO_ROOM) {
      this.onUpstreamFailure({ kind: 'protocol' });
      return before;
    }
    this.#hasResponse = body.errorCode === 0;
    this.exchange.responseBytes = after - before;
    this.#followClient(body);
    return after;
  }

  onResponseBody(body: BodyReader, from: ResponseBytes): number {
    this.#activeMs = this.#context.sweep.nowMs;
    const before = from.at;
    const after = this.#writer.more(this.transport, body, from);
    this.exchange.responseBytes += after - before;
    this.#followClient(body);
    return after;
  }

  onResponseEnd(): void {
    this.#upstream = null;
    this.#isUpstreamPaused = false;
    this.#resume(FOR_UPSTREAM);
    this.#writer.finish(this.transport);
    this.#finishExchange();
  }

  onUpstreamFailure(failure: UpstreamFailure): void {
    this.#upstream?.abort();
    this.#upstream = null;
    if (failure.kind === 'closed' && failure.isReused && !failure.hasResponse && this.#sendAgain()) return;
    this.#context.stack.rescueUpstream(this, failure);
  }

  /** The client is slower than the upstream: the upstream waits. */
  #followClient(body: BodyReader): void {
    if (!this.#writer.isFull || body.done || this.#upstream === null) return;
    this.#isUpstreamPaused = true;
    this.#upstream.transport.pause();
  }

  /** Once, on a fresh connection, an idempotent request of which a copy was kept. */
  #sendAgain(): boolean {
    const copy = this.#copy;
    if (copy === null) return false;
    const fresh = this.exchange.slot!.pool.connect();
    if (!(fresh instanceof UpstreamConnection)) return false;
    this.#context.metrics.retried();
    this.#attach(fresh, copy, this.#copyLength);
    this.#releaseCopy();
    return true;
  }

  // ---- endings ----

  /** The exchange ends with an answer of ours; or is cut, when the client has part of another. */
  answer(failure: Failure, detail: string): void {
    const { exchange } = this;
    exchange.flag = failure.flag;
    exchange.reason = failure.reason;
    this.#dropUpstream();
    if (this.#hasResponse || failure.status === 0) {
      this.cut();
      return;
    }
    exchange.code = failure.status;
    if (!this.#requestBody.done || this.#context.isDraining) this.closes = true;
    const connection = this.closes ? 'close' : this.isHttp10 ? 'keep-alive' : null;
    const bytes = localAnswer(failure, { detail, isHead: this.isHeadRequest, connection });
    this.#writer.isFull = !this.transport.write(bytes, 0, bytes.length);
    this.#finishExchange();
  }

  /** Closes so that no part of a response can pass for the whole (RFC 9112 section 8). */
  cut(): void {
    this.#dropUpstream();
    this.#phase = CLOSED;
    this.transport.abort();
    this.#closeExchange();
  }

  #fail(failure: Failure): void {
    this.#context.stack.rescue(this, failure, '');
  }

  /** Before there is a request: nothing of it is known. */
  #refuse(failure: Failure): void {
    this.exchange.begin(this.#context.clock.monotonicMs());
    this.exchange.forgetText();
    this.isHeadRequest = false;
    this.isHttp10 = false;
    this.closes = true;
    this.#hasResponse = false;
    this.#requestBody.reset(FRAMING_NONE, 0);
    this.#stash.clear();
    this.#fail(failure);
  }

  #dropUpstream(): void {
    const upstream = this.#upstream;
    this.#upstream = null;
    this.#isUpstreamPaused = false;
    upstream?.abort();
    if (this.#phase === QUEUED) this.exchange.slot?.pool.dequeue(this);
    if (this.#phase === HELD) {
      // What waits is the held request itself, of which not all may have come.
      this.#waiting = null;
      this.closes = true;
    }
  }

  #closeExchange(): void {
    this.#releaseCopy();
    const { exchange } = this;
    if (!exchange.isActive) return;
    exchange.isActive = false;
    if (exchange.slot !== null) exchange.slot.pool.inFlight--;
    this.#context.stack.finish(this);
  }

  #finishExchange(): void {
    this.#closeExchange();
    if (this.closes || !this.#requestBody.done) this.#end();
    else if (this.#writer.isFull) {
      this.#phase = FLUSHING;
      this.#pause(FOR_FLUSH);
    } else this.#next();
  }

  #next(): void {
    this.#phase = IDLE;
    this.#resume(FOR_ROUTE);
    this.#resume(FOR_TURN);
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      this.#readRequests(waiting, 0, waiting.length);
    } else if (this.#context.isDraining) this.#end();
  }

  #end(): void {
    this.#phase = ENDING;
    this.#waiting = null;
    this.#flushedMs = this.#context.sweep.nowMs;
    this.transport.end();
    // Read on, to see the client's end.
    this.#pauses = 0;
    this.transport.resume();
  }

  #pause(why: number): void {
    if (this.#pauses === 0) this.transport.pause();
    this.#pauses |= why;
  }

  #resume(why: number): void {
    if (this.#pauses === 0) return;
    this.#pauses &= ~why;
    if (this.#pauses === 0) this.transport.resume();
  }

  /** Pipelined requests wait their turn; at most one read's worth, since reading stops. */
  #keepWaiting(buffer: Buffer, start: number, end: number): void {
    const slice = buffer.subarray(start, end);
    this.#waiting = this.#waiting === null ? Buffer.from(slice) : Buffer.concat([this.#waiting, slice]);
    this.#pause(FOR_TURN);
  }

  #keepCopy(copy: Buffer | null, length: number): void {
    this.#copy = copy;
    this.#copyLength = length;
  }

  #releaseCopy(): void {
    const copy = this.#copy;
    if (copy === null) return;
    this.#copy = null;
    this.#context.replays.release(copy);
  }

  #captureText(): void {
    const { exchange } = this;
    exchange.method = head.method();
    exchange.path = head.path();
    exchange.authority = head.authority();
    exchange.requestId = head.get('x-request-id') ?? '';
  }
}
