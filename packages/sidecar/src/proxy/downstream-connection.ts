/**
 * A client's connection: reads requests one after another, has the stack find an endpoint for each and
 * the relay carry it there, and sees to the ends: answers of our own, deadlines, drain, closing.
 */
import {
  HeadStash,
  NEED_MORE,
  parseRequestHead,
  RequestHead,
  type Transport,
  type TransportHandler,
} from '@tulle/http';
import type { OutboundLookup } from '../config/mesh-view.ts';
import type { DownstreamContext, OpenConnection } from './downstream-context.ts';
import { Exchange } from './exchange.ts';
import { badRequest, type Failure, failures } from './failure.ts';
import type { InboundPeer } from './inbound-peer.ts';
import { localAnswer } from './local-answer.ts';
import { FOR_FLUSH, FOR_ROUTE, FOR_TURN, ReadPauses } from './read-pauses.ts';
import { Relay, type RelayClient } from './relay.ts';
import type { ServedConnection } from './request-stack.ts';
import type { Swept } from './sweep.ts';
import type { UpstreamFailure } from './upstream-connection.ts';
import { EndpointSlot } from './upstreams.ts';

/** Between requests, or within a head. */
const IDLE = 0;
/** Discovery has been asked. */
const HELD = 1;
/** With the relay. */
const ACTIVE = 2;
/** The response is complete, and the client has not taken it all. */
const FLUSHING = 3;
/** Half-closed by us; what still comes is dropped. */
const ENDING = 4;
const CLOSED = 5;

/** One for all connections: a head is used up within the call that parsed it. */
const head = new RequestHead();

export class DownstreamConnection
  implements TransportHandler, ServedConnection, RelayClient, OpenConnection, Swept
{
  readonly exchange = new Exchange();
  readonly transport: Transport;
  readonly pauses: ReadPauses;
  /** Inbound: who it is and what it asked for. */
  readonly peer: InboundPeer | null;
  /** The answer that the request was held for; the stack takes it. */
  resolved: OutboundLookup | null = null;
  /** As of the last request, so that the next one needs no new string. */
  authority = '';
  holdNumber = 0;
  readonly #context: DownstreamContext;
  readonly #relay: Relay;
  readonly #stash = new HeadStash();
  #phase = IDLE;
  /** Bytes of the next requests, or of the one that is held. */
  #waiting: Buffer | null = null;
  #activeMs: number;
  #headSinceMs = 0;
  #flushedMs = 0;
  #discardedBytes = 0;

  constructor(transport: Transport, context: DownstreamContext, peer: InboundPeer | null) {
    this.transport = transport;
    this.pauses = new ReadPauses(transport);
    this.peer = peer;
    this.#context = context;
    this.#relay = new Relay(this, context);
    this.#activeMs = context.sweep.nowMs;
    context.connections.add(this);
    context.sweep.add(this);
    transport.handler = this;
  }

  touch(): void {
    this.#activeMs = this.#context.sweep.nowMs;
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.touch();
    switch (this.#phase) {
      case IDLE:
        this.#readRequests(buffer, start, end);
        return;
      case ACTIVE: {
        const at = this.#relay.takesBody ? this.#relay.forwardBody(buffer, start, end) : start;
        if (at < end && this.#phase === ACTIVE) this.#keepWaiting(buffer, at, end);
        return;
      }
      case ENDING:
        this.#discardedBytes += end - start;
        if (this.#discardedBytes > this.#context.settings.limits.maxDiscardedBytes)
          this.pauses.pause(FOR_TURN);
        return;
      case CLOSED:
        return;
      default:
        this.#keepWaiting(buffer, start, end);
    }
  }

  onDrain(): void {
    this.touch();
    if (this.#phase !== FLUSHING) {
      this.#relay.onClientDrain();
      return;
    }
    this.pauses.resume(FOR_FLUSH);
    this.#next();
  }

  /** Within an exchange this means that the client is gone, as nginx and Go's net/http take it too. */
  onEnd(): void {
    if (this.#phase === IDLE || this.#phase === FLUSHING) this.#end();
    else if (this.exchange.isActive) this.fail(failures.downstreamClosed);
  }

  onClose(): void {
    if (this.exchange.isActive) this.fail(failures.downstreamClosed);
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
        if (this.#headSinceMs > 0 && nowMs - this.#headSinceMs >= timeouts.headMs) {
          this.#refuse(failures.headTimeout);
        } else if (idleMs >= timeouts.downstreamIdleMs) this.#end();
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
        if (idleMs >= timeouts.streamIdleMs) this.fail(failures.streamIdle);
    }
  }

  /** The sidecar stops: an idle connection goes at once, a busy one after its exchange. */
  drain(): void {
    if (this.#phase === IDLE && this.#stash.isEmpty) this.#end();
  }

  /** What the drain did not finish in time. */
  cutAtDeadline(): void {
    if (this.exchange.isActive) this.fail(failures.drained);
    else this.cut();
  }

  /** Discovery has answered the hold of that number; the request is read again, from its copy. */
  resumeRouting(holdNumber: number, lookup: OutboundLookup): void {
    if (this.#phase !== HELD || this.holdNumber !== holdNumber) return;
    const bytes = this.#waiting!;
    this.#waiting = null;
    this.#phase = IDLE;
    this.resolved = lookup;
    this.pauses.resume(FOR_ROUTE | FOR_TURN);
    this.#readRequests(bytes, 0, bytes.length);
  }

  onQueueLeft(): void {
    const waiting = this.#waiting;
    if (waiting === null || !this.#relay.takesBody) return;
    this.#waiting = null;
    this.pauses.resume(FOR_TURN);
    this.onData(waiting, 0, waiting.length);
  }

  onRelayed(): void {
    this.#finishExchange();
  }

  fail(failure: Failure): void {
    this.#context.stack.rescue(this, failure, '');
  }

  failUpstream(failure: UpstreamFailure): void {
    this.#context.stack.rescueUpstream(this, failure);
  }

  /** The exchange ends with an answer of ours; or is cut, when the client has part of another. */
  answer(failure: Failure, detail: string): void {
    const { exchange } = this;
    const relay = this.#relay;
    exchange.flag = failure.flag;
    exchange.reason = failure.reason;
    if (relay.hasResponse || failure.status === 0) {
      this.cut();
      return;
    }
    relay.drop();
    exchange.code = failure.status;
    if (!relay.requestBody.done || this.#phase === HELD || this.#context.isDraining) relay.closes = true;
    const connection = relay.closes ? 'close' : relay.isHttp10 ? 'keep-alive' : null;
    relay.writeLocal(localAnswer(failure, { detail, isHead: relay.isHeadRequest, connection }));
    this.#finishExchange();
  }

  /** Closes so that no part of a response can pass for the whole (RFC 9112 section 8). */
  cut(): void {
    this.#relay.drop();
    this.#phase = CLOSED;
    this.transport.abort();
    this.#closeExchange();
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
    const { clock, stack, capturesText } = this.#context;
    const relay = this.#relay;
    this.#headSinceMs = 0;
    if (this.resolved === null) this.exchange.begin(clock.monotonicMs());
    relay.begin(head);
    if (capturesText) this.exchange.text.capture(head);
    const route = stack.route(this, head);
    if (route instanceof EndpointSlot) {
      this.#phase = ACTIVE;
      return relay.send(route, head, buffer, at, end);
    }
    if (route === null) {
      this.#phase = HELD;
      this.#waiting = Buffer.from(buffer.subarray(head.start, end));
      this.pauses.pause(FOR_ROUTE);
      return end;
    }
    // A body that has come already need not cost the connection.
    const after = relay.requestBody.scan(buffer, at, end);
    if (relay.requestBody.errorCode !== 0) relay.closes = true;
    stack.rescue(this, route, this.exchange.detail);
    return after;
  }

  /** Before there is a request: nothing of it is known. */
  #refuse(failure: Failure): void {
    this.exchange.begin(this.#context.clock.monotonicMs());
    this.exchange.text.clear();
    this.#relay.begin(null);
    this.#stash.clear();
    this.fail(failure);
  }

  #closeExchange(): void {
    const { exchange } = this;
    if (!exchange.isActive) return;
    exchange.isActive = false;
    if (exchange.slot !== null) exchange.slot.pool.inFlight--;
    this.#context.stack.finish(this);
  }

  #finishExchange(): void {
    this.#closeExchange();
    const relay = this.#relay;
    if (relay.closes || !relay.requestBody.done) this.#end();
    else if (relay.isFull) {
      this.#phase = FLUSHING;
      this.pauses.pause(FOR_FLUSH);
    } else this.#next();
  }

  #next(): void {
    this.#phase = IDLE;
    this.pauses.resume(FOR_ROUTE | FOR_TURN);
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
    this.pauses.clear();
  }

  /** Pipelined requests wait their turn; at most one read's worth, since reading stops. */
  #keepWaiting(buffer: Buffer, start: number, end: number): void {
    const slice = buffer.subarray(start, end);
    this.#waiting = this.#waiting === null ? Buffer.from(slice) : Buffer.concat([this.#waiting, slice]);
    this.pauses.pause(FOR_TURN);
  }
}
