/**
 * A client's connection over HTTP/1.1: reads requests one after another, hands each to the handler with the
 * stream that answers it, and sees to the ends: pipelining, refused requests, deadlines, drain, closing.
 *
 * Long because reading and closing are one state machine.
 */
import type {
  MessageError,
  ServerConnection,
  ServerConnectionHandler,
  StreamFailure,
} from '../exchange/exchange.ts';
import type { ServerConnectionOptions } from '../exchange/limits.ts';
import { FRAMING_NONE } from '../message/head-index.ts';
import { RequestHead } from '../message/request-head.ts';
import { memoryAccount } from '../transport/memory-account.ts';
import { enterRead, leaveRead } from '../transport/outbox.ts';
import type { Transport, TransportError, TransportHandler } from '../transport/transport.ts';
import { BodyReader } from './body-reader.ts';
import { BufferedInput, FOR_FLUSH, FOR_STREAM, FOR_TURN, type InputReader } from './buffered-input.ts';
import { h1ErrorOf } from './errors.ts';
import { H1ServerStream, type StreamHost } from './h1-server-stream.ts';
import { headTimeout, headUnderPressure } from './message-errors.ts';
import { MessageOutput, type OutputListener } from './message-output.ts';
import { NEED_MORE, parseRequestHead } from './parse-request-head.ts';
import { readTrailers } from './read-trailers.ts';
import { ignoreUpgrade } from './tunnel-request.ts';

/** Between requests, or within a head. */
const IDLE = 0;
/** An exchange is under way. */
const BUSY = 1;
/** The request asked for a tunnel: nothing more is read before the response. */
const ASKED = 2;
const TUNNEL = 3;
/** The request is broken, and an answer may still go out: what comes is dropped. */
const REFUSED = 4;
/** The response is complete, and the client has not taken it all. */
const FLUSHING = 5;
/** Half-closed by us; what still comes is dropped. */
const ENDING = 6;
const CLOSED = 7;

/** What a head that has not come whole may hold while memory is tight. */
const TIGHT_HEAD_BYTES = 8 * 1024;

const NEVER = -1;
const NOTHING = Buffer.alloc(0);

/** One for all connections: a head is used up within the call that parsed it. */
const head = new RequestHead();
/** Looks whether a body has come already, without consuming it. */
const probe = new BodyReader();

export class H1ServerConnection
  implements ServerConnection, TransportHandler, StreamHost, InputReader, OutputListener
{
  readonly httpMajor = 1;
  readonly transport: Transport;
  isDraining = false;
  readonly #handler: ServerConnectionHandler;
  readonly #options: ServerConnectionOptions;
  readonly #output = new MessageOutput(this);
  readonly #stream: H1ServerStream;
  readonly #body = new BodyReader();
  readonly #input: BufferedInput;
  #phase = IDLE;
  /** While onRequest() runs: what has been read behind the head. */
  #behindHead: Buffer | null = null;
  #behindAt = 0;
  #behindEnd = 0;
  #isTunnelInputOver = false;
  #isTunnelOutputOver = false;
  #activeMs: number;
  #headSinceMs = NEVER;
  #endedMs = 0;
  #lastQueuedBytes = 0;
  #discardedBytes = 0;

  constructor(transport: Transport, handler: ServerConnectionHandler, options: ServerConnectionOptions) {
    this.transport = transport;
    this.#handler = handler;
    this.#options = options;
    this.#output.transport = transport;
    this.#input = new BufferedInput(this, options.limits.head.maxHeadBytes);
    this.#input.transport = transport;
    this.#stream = new H1ServerStream(this, this.#output);
    this.#body.keepsTrailers = true;
    this.#activeMs = options.nowMs();
    transport.handler = this;
  }

  get activeStreams(): number {
    return this.#isExchanging ? 1 : 0;
  }

  drain(): void {
    this.isDraining = true;
    if (this.#phase === IDLE && this.#input.isBetweenHeads) this.#end();
  }

  abort(): void {
    this.cut();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#activeMs = this.#options.nowMs();
    this.#input.receive(buffer, start, end);
  }

  onDrain(): void {
    this.#activeMs = this.#options.nowMs();
    this.#output.isFull = false;
    enterRead();
    try {
      if (this.#phase === FLUSHING) this.#next();
      else if (this.#output.owesDrain) {
        this.#output.owesDrain = false;
        if (this.#isExchanging) this.#stream.handler?.onDrain();
      }
    } finally {
      leaveRead();
    }
  }

  /** Within an exchange this means that the client is gone, as nginx and Go's net/http take it too. */
  onEnd(): void {
    enterRead();
    try {
      if (this.#phase === IDLE || this.#phase === FLUSHING) this.#end();
      else if (this.#phase === TUNNEL) this.#endTunnelInput();
      else if (this.#isExchanging) this.#lost(null);
    } finally {
      leaveRead();
    }
  }

  onClose(error: TransportError | null): void {
    enterRead();
    try {
      if (this.#isExchanging) this.#lost(error);
      this.#phase = CLOSED;
      this.#input.clear();
      this.#handler.onClose(error);
    } finally {
      leaveRead();
    }
  }

  onSweep(nowMs: number): void {
    const { headMs, idleMs, flushMs, lingerMs } = this.#options.timeouts;
    const { queuedBytes } = this.transport;
    if (queuedBytes !== this.#lastQueuedBytes) this.#activeMs = nowMs;
    this.#lastQueuedBytes = queuedBytes;
    const stillMs = nowMs - this.#activeMs;
    switch (this.#phase) {
      case IDLE:
        if (this.#headSinceMs !== NEVER && nowMs - this.#headSinceMs >= headMs) this.#refuse(headTimeout);
        else if (memoryAccount.tightCount > 0 && this.#input.headBytes > TIGHT_HEAD_BYTES)
          this.#refuse(headUnderPressure);
        else if (stillMs >= idleMs) this.#end();
        return;
      case ENDING:
        // The kernel may still hold bytes for the client: a reset would drop them.
        if (queuedBytes > 0 && stillMs < flushMs) this.#endedMs = nowMs;
        else if (nowMs - this.#endedMs >= lingerMs) this.cut();
        return;
      case FLUSHING:
        if (stillMs >= flushMs) this.cut();
    }
  }

  onOutputFull(): void {
    if (this.#phase !== IDLE) return;
    this.#phase = FLUSHING;
    this.#input.pause(FOR_FLUSH);
  }

  hasWholeRequest(): boolean {
    if (this.#body.done || this.#behindHead === null) return this.#body.done;
    probe.reset(this.#body.framing, this.#body.remaining);
    probe.scan(this.#behindHead, this.#behindAt, this.#behindEnd);
    return probe.done;
  }

  pauseStream(): void {
    if (this.#isExchanging) this.#input.pause(FOR_STREAM);
  }

  resumeStream(): void {
    this.#input.resume(FOR_STREAM);
    this.#input.readOnLater();
  }

  tunnelOpened(): void {
    this.#phase = TUNNEL;
    this.#isTunnelInputOver = false;
    this.#isTunnelOutputOver = false;
    this.#input.readOnLater();
  }

  tunnelOutputEnded(): void {
    this.#isTunnelOutputOver = true;
    if (this.#isTunnelInputOver) this.#end();
    else {
      this.#output.flush();
      this.transport.end();
    }
  }

  responseEnded(): void {
    // A body that has come already need not cost the connection.
    if (!this.#body.done && this.#behindHead !== null && !this.#stream.closes) {
      this.#behindAt = this.#body.scan(this.#behindHead, this.#behindAt, this.#behindEnd);
    }
    this.#activeMs = this.#options.nowMs();
    this.#input.resume(FOR_STREAM);
    if (this.#stream.closes || !this.#body.done) this.#end();
    else if (this.#output.isFull) {
      this.#phase = FLUSHING;
      this.#input.pause(FOR_FLUSH);
    } else this.#next();
  }

  cut(): void {
    this.#phase = CLOSED;
    this.#stream.close();
    this.#input.clear();
    this.transport.abort();
  }

  read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#mayRead) at = this.#readOne(buffer, at, end);
    return at;
  }

  get #isExchanging(): boolean {
    return this.#phase >= BUSY && this.#phase <= REFUSED;
  }

  get #mayRead(): boolean {
    switch (this.#phase) {
      case ASKED:
      case FLUSHING:
        return false;
      case BUSY:
        return !this.#body.done && !this.#input.isPausedFor(FOR_STREAM);
      case TUNNEL:
        return !this.#input.isPausedFor(FOR_STREAM);
      default:
        return true;
    }
  }

  /** A head, a run of a body, what is dropped: gives the offset after it. */
  #readOne(buffer: Buffer, at: number, end: number): number {
    switch (this.#phase) {
      case IDLE:
        return this.#readHead(buffer, at, end);
      case BUSY:
        return this.#readBody(buffer, at, end);
      case TUNNEL:
        this.#stream.handler?.onBody(buffer, at, end, false);
        return end;
      case ENDING:
        this.#discardedBytes += end - at;
        if (this.#discardedBytes > this.#options.limits.maxDiscardedBytes) this.#input.pause(FOR_TURN);
        return end;
      default:
        return end;
    }
  }

  #readHead(buffer: Buffer, at: number, end: number): number {
    const after = parseRequestHead(head, buffer, at, end, this.#options.limits.head);
    if (after === NEED_MORE) {
      if (this.#headSinceMs === NEVER) this.#headSinceMs = this.#options.nowMs();
      this.#input.keepHead(buffer, at, end);
      return end;
    }
    if (after < 0) {
      this.#refuse(h1ErrorOf(after));
      return end;
    }
    this.#headSinceMs = NEVER;
    if (head.hasUpgrade && ignoreUpgrade(head)) head.hasUpgrade = false;
    this.#body.reset(head.framing, head.contentLength);
    this.#stream.begin(head);
    this.#phase = head.asksForTunnel ? ASKED : BUSY;
    this.#behindHead = buffer;
    this.#behindAt = after;
    this.#behindEnd = end;
    this.#handler.onRequest(this.#stream, head, this.#body.done && !head.asksForTunnel);
    this.#behindHead = null;
    return this.#behindAt;
  }

  #readBody(buffer: Buffer, at: number, end: number): number {
    const body = this.#body;
    const after = body.scanData(buffer, at, end);
    const { hasTrailers } = body;
    const isEnd = body.done && !hasTrailers;
    if (isEnd || body.dataEnd > body.dataStart) {
      this.#stream.handler?.onBody(buffer, body.dataStart, body.dataEnd, isEnd);
    }
    if (this.#phase !== BUSY) return after;
    if (body.errorCode !== 0) this.#malformed(body.errorCode);
    else if (hasTrailers) {
      const trailers = readTrailers(body, this.#options.limits.head.maxHeaderCount);
      if (typeof trailers === 'number') this.#malformed(trailers);
      else this.#stream.handler?.onTrailers(trailers);
    }
    return after;
  }

  /** Before there is a request, or instead of one. */
  #refuse(error: MessageError): void {
    this.#input.clear();
    this.#headSinceMs = NEVER;
    this.#phase = REFUSED;
    this.#body.reset(FRAMING_NONE, 0);
    this.#stream.begin(null);
    this.#handler.onBadRequest(this.#stream, error);
    this.#cutIfUnanswered();
  }

  /** RFC 9112 section 8: where the body ends is not known, so the connection cannot go on. */
  #malformed(code: number): void {
    const failure: StreamFailure = { kind: 'protocol', error: h1ErrorOf(code) };
    this.#phase = REFUSED;
    this.#stream.closes = true;
    if (!this.#stream.canRespond) this.cut();
    this.#stream.handler?.onAbort(failure);
    this.#cutIfUnanswered();
  }

  #cutIfUnanswered(): void {
    if (this.#phase === REFUSED && this.#stream.canRespond) this.cut();
  }

  #lost(error: TransportError | null): void {
    const isDeaf = this.#phase === REFUSED;
    this.cut();
    if (isDeaf) return;
    this.#stream.handler?.onAbort({ kind: 'closed', isReused: false, hasResponse: false, error });
  }

  #endTunnelInput(): void {
    this.#isTunnelInputOver = true;
    if (this.#isTunnelOutputOver) this.#end();
    this.#stream.handler?.onBody(NOTHING, 0, 0, true);
  }

  #next(): void {
    this.#phase = IDLE;
    this.#input.resume(FOR_FLUSH);
    if (this.isDraining) this.#end();
    else this.#input.readOnLater();
  }

  #end(): void {
    this.#phase = ENDING;
    this.#stream.close();
    this.#endedMs = this.#options.nowMs();
    this.#output.flush();
    this.transport.end();
    // Read on, to see the client's end.
    this.#input.open();
  }
}
