/**
 * The flow of one exchange: the request from the client to an endpoint, the response back. Whatever is
 * slower pauses whatever feeds it. One lives with each downstream connection.
 */
import {
  BodyReader,
  H1_HEAD_TOO_LARGE,
  NO_ROOM,
  type RequestHead,
  type ResponseHead,
  scratch,
  type Transport,
  writeResponseHead,
} from '@tulle/http';
import type { DownstreamContext } from './downstream-context.ts';
import type { QueuedRequest } from './endpoint-pool.ts';
import type { Exchange } from './exchange.ts';
import { badRequest, type Failure, failures } from './failure.ts';
import { FOR_ROUTE, FOR_UPSTREAM, type ReadPauses } from './read-pauses.ts';
import { isIdempotent } from './request-encoder.ts';
import { type ClientTerms, ResponseWriter } from './response-writer.ts';
import {
  type ResponseBytes,
  type ResponseSink,
  UpstreamConnection,
  type UpstreamFailure,
} from './upstream-connection.ts';
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

export class Relay implements ResponseSink, QueuedRequest, ClientTerms {
  isHeadRequest = false;
  isHttp10 = false;
  closes = false;
  queuedSinceMs = 0;
  /** The client has part of a final response. */
  hasResponse = false;
  readonly requestBody = new BodyReader();
  readonly #client: RelayClient;
  readonly #context: DownstreamContext;
  readonly #writer = new ResponseWriter();
  #upstream: UpstreamConnection | null = null;
  #isUpstreamPaused = false;
  #isQueued = false;
  #expectsContinue = false;
  /** The request as it was sent and may be sent again, or as it waits in a queue. */
  #copy: Buffer | null = null;
  #copyLength = 0;

  constructor(client: RelayClient, context: DownstreamContext) {
    this.#client = client;
    this.#context = context;
  }

  /** A request begins; null: one that could not even be read. */
  begin(head: RequestHead | null): void {
    this.isHeadRequest = head?.isHead ?? false;
    this.isHttp10 = head?.httpMinor === 0;
    this.closes = head === null || !head.keepAlive || this.#context.isDraining;
    this.#expectsContinue = head?.expectContinue ?? false;
    this.hasResponse = false;
    this.#writer.isFull = false;
    this.requestBody.reset(head?.framing ?? 0, head?.contentLength ?? 0);
  }

  get isRequestSent(): boolean {
    return this.#upstream !== null && this.requestBody.done;
  }

  /** Body bytes can be forwarded now. */
  get takesBody(): boolean {
    return this.#upstream !== null && !this.requestBody.done;
  }

  /** The client has not taken all that was written. */
  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** Sends `head` and what of its body is in [at,end); gives the offset after what was taken. */
  send(slot: EndpointSlot, head: RequestHead, buffer: Buffer, at: number, end: number): number {
    const { encoder, replays, capturesText, sweep } = this.#context;
    const { exchange, pauses } = this.#client;
    const body = this.requestBody;
    exchange.slot = slot;
    slot.pool.inFlight++;
    const length = encoder.encode(head, body, buffer, at, end);
    if (length === NO_ROOM || body.errorCode !== 0) {
      this.closes = true;
      this.#client.fail(badRequest(length === NO_ROOM ? H1_HEAD_TOO_LARGE : body.errorCode));
      return end;
    }
    if (capturesText) encoder.captureOwnId(exchange.text);
    const { consumed } = encoder;
    exchange.requestBytes = consumed - at;
    const pooled = slot.pool.take();
    const upstream = pooled ?? slot.pool.connect();
    if (upstream instanceof UpstreamConnection) {
      // A pooled connection may be closing at this very moment; a fresh one is not.
      if (pooled !== null && body.done && isIdempotent(head)) this.#keepCopy(replays.keep(length), length);
      this.#attach(upstream, scratch.buffer, length);
      return body.done || consumed === end ? consumed : this.forwardBody(buffer, consumed, end);
    }
    if (upstream !== null) this.#client.fail(upstream);
    else if (!slot.pool.enqueue(this)) this.#client.fail(failures.poolOverflow);
    else {
      this.#isQueued = true;
      this.queuedSinceMs = sweep.nowMs;
      this.#keepCopy(Buffer.from(scratch.buffer.subarray(0, length)), length);
      pauses.pause(FOR_ROUTE);
    }
    return consumed;
  }

  forwardBody(buffer: Buffer, start: number, end: number): number {
    const body = this.requestBody;
    const after = body.scan(buffer, start, end);
    if (body.errorCode !== 0) {
      this.closes = true;
      this.#client.fail(badRequest(body.errorCode));
      return end;
    }
    this.#client.exchange.requestBytes += after - start;
    const isFull = !this.#upstream!.transport.write(buffer, start, after);
    if (isFull && !body.done) this.#client.pauses.pause(FOR_UPSTREAM);
    return after;
  }

  onPoolReady(upstream: UpstreamConnection): void {
    const copy = this.#copy!;
    this.#copy = null;
    this.#isQueued = false;
    this.#attach(upstream, copy, this.#copyLength);
    this.#client.pauses.resume(FOR_ROUTE);
    this.#client.onQueueLeft();
  }

  onPoolFailure(failure: Failure): void {
    this.#client.fail(failure);
  }

  onUpstreamDrain(): void {
    this.#client.touch();
    this.#client.pauses.resume(FOR_UPSTREAM);
  }

  /** A 1.0 client knows no 1xx (RFC 9110 section 15.2). */
  onInterim(interim: ResponseHead): void {
    if (interim.status === 100) this.#expectsContinue = false;
    if (this.isHttp10) return;
    const length = writeResponseHead(scratch.buffer, 0, interim, null, null, 0);
    if (length !== NO_ROOM) this.#client.transport.write(scratch.buffer, 0, length);
  }

  onResponse(response: ResponseHead, body: BodyReader, from: ResponseBytes): number {
    const { exchange, transport } = this.#client;
    this.#client.touch();
    this.#releaseCopy();
    // The rest of the request will not come, or is not wanted: this client is not read any further.
    if (!this.requestBody.done && (response.status >= 300 || this.#expectsContinue)) this.closes = true;
    if (this.#context.isDraining) this.closes = true;
    exchange.code = response.status;
    const before = from.at;
    const after = this.#writer.open(transport, response, body, from, this);
    if (after === NO_ROOM) {
      this.onUpstreamFailure({ kind: 'protocol' });
      return before;
    }
    this.hasResponse = body.errorCode === 0;
    exchange.responseBytes = after - before;
    this.#followClient(body);
    return after;
  }

  onResponseBody(body: BodyReader, from: ResponseBytes): number {
    this.#client.touch();
    const before = from.at;
    const after = this.#writer.more(this.#client.transport, body, from);
    this.#client.exchange.responseBytes += after - before;
    this.#followClient(body);
    return after;
  }

  onResponseEnd(): void {
    this.#upstream = null;
    this.#isUpstreamPaused = false;
    this.#client.pauses.resume(FOR_UPSTREAM);
    this.#writer.finish(this.#client.transport);
    this.#client.onRelayed();
  }

  onUpstreamFailure(failure: UpstreamFailure): void {
    this.#upstream?.abort();
    this.#upstream = null;
    if (failure.kind === 'closed' && failure.isReused && !failure.hasResponse && this.#sendAgain()) return;
    this.#client.failUpstream(failure);
  }

  /** The client has taken all that was written: the upstream may go on. */
  onClientDrain(): void {
    if (!this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = false;
    this.#upstream?.transport.resume();
  }

  /** Writes an answer that was made here. */
  writeLocal(bytes: Buffer): void {
    this.#writer.isFull = !this.#client.transport.write(bytes, 0, bytes.length);
  }

  /** Lets go of upstream, queue and copy, whatever there is. */
  drop(): void {
    const upstream = this.#upstream;
    this.#upstream = null;
    this.#isUpstreamPaused = false;
    upstream?.abort();
    if (this.#isQueued) this.#client.exchange.slot?.pool.dequeue(this);
    this.#isQueued = false;
    this.#releaseCopy();
  }

  #attach(upstream: UpstreamConnection, bytes: Buffer, length: number): void {
    this.#upstream = upstream;
    upstream.attach(this);
    const isFull = !upstream.transport.write(bytes, 0, length);
    if (isFull && !this.requestBody.done) this.#client.pauses.pause(FOR_UPSTREAM);
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
    const fresh = this.#client.exchange.slot!.pool.connect();
    if (!(fresh instanceof UpstreamConnection)) return false;
    this.#context.metrics.retried();
    this.#attach(fresh, copy, this.#copyLength);
    this.#releaseCopy();
    return true;
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
}
