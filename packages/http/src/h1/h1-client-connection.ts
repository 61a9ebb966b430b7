/**
 * A connection to a server over HTTP/1.1, which carries one exchange at a time: writes requests through its
 * stream, parses responses, and decides whether it can carry another. The dialer assigns `transport` at
 * once and calls onConnect() when the connection stands; requests may be sent before.
 *
 * Long because reading, freeing and closing are one state machine.
 */
import type {
  ClientConnection,
  ClientConnectionOwner,
  ClientStream,
  ClientStreamHandler,
  MessageError,
  StreamFailure,
} from '../exchange/exchange.ts';
import type { ClientConnectionOptions } from '../exchange/limits.ts';
import { FRAMING_NONE } from '../message/head-index.ts';
import { ResponseHead } from '../message/response-head.ts';
import { enterRead, leaveRead } from '../transport/outbox.ts';
import type { Transport, TransportError, TransportHandler } from '../transport/transport.ts';
import { BodyReader } from './body-reader.ts';
import { BufferedInput, FOR_STREAM, type InputReader } from './buffered-input.ts';
import { h1ErrorOf } from './errors.ts';
import { type ClientHost, H1ClientStream } from './h1-client-stream.ts';
import { badWebSocketAccept, tooManyInterim, uncalledSwitch, upgradeIgnored } from './message-errors.ts';
import { MessageOutput, type OutputListener } from './message-output.ts';
import { parseResponseHead } from './parse-response-head.ts';
import { readTrailers } from './read-trailers.ts';

const IDLE = 0;
const HEAD = 1;
const BODY = 2;
const TUNNEL = 3;
/** It carries nothing any more. */
const CLOSED = 4;

const NOTHING = Buffer.alloc(0);

/** One for all connections: a head is used up within the call that parsed it. */
const head = new ResponseHead();

export class H1ClientConnection
  implements ClientConnection, TransportHandler, ClientHost, InputReader, OutputListener
{
  readonly httpMajor = 1;
  readonly #owner: ClientConnectionOwner;
  readonly #options: ClientConnectionOptions;
  readonly #output = new MessageOutput(this);
  readonly #stream: H1ClientStream;
  readonly #body = new BodyReader();
  readonly #input: BufferedInput;
  #state = IDLE;
  #handler: ClientStreamHandler | null = null;
  #isEstablished = false;
  #isReused = false;
  #isRetired = false;
  #hasResponse = false;
  #keepsAlive = false;
  #interimCount = 0;
  #isTunnelInputOver = false;
  #isTunnelOutputOver = false;

  constructor(owner: ClientConnectionOwner, options: ClientConnectionOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#input = new BufferedInput(this, options.limits.head.maxHeadBytes);
    this.#stream = new H1ClientStream(this, this.#output);
    this.#body.keepsTrailers = true;
  }

  get transport(): Transport {
    return this.#output.transport;
  }

  set transport(transport: Transport) {
    this.#output.transport = transport;
    this.#input.transport = transport;
  }

  get activeStreams(): number {
    return this.#handler === null ? 0 : 1;
  }

  readonly bulkStreams = 0;

  get capacity(): number {
    return this.#state === IDLE && !this.#isRetired ? 1 : 0;
  }

  open(handler: ClientStreamHandler): ClientStream {
    this.#handler = handler;
    this.#state = HEAD;
    this.#hasResponse = false;
    this.#interimCount = 0;
    this.#stream.begin(this.#isReused);
    return this.#stream;
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#state === IDLE) this.#closeInOrder();
  }

  abort(): void {
    this.#free();
    this.#close();
  }

  /** It has no deadlines of its own: those of exchanges and of idleness are its owner's. */
  onSweep(): void {}

  onConnect(): void {
    this.#isEstablished = true;
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#state === CLOSED) return;
    if (this.#handler === null) {
      // Bytes that no request asked for: whose response would they be?
      this.#giveUp();
      return;
    }
    this.#hasResponse = true;
    this.#input.receive(buffer, start, end);
  }

  onDrain(): void {
    this.#output.isFull = false;
    if (!this.#output.owesDrain) return;
    this.#output.owesDrain = false;
    enterRead();
    try {
      this.#handler?.onDrain();
    } finally {
      leaveRead();
    }
  }

  onEnd(): void {
    enterRead();
    try {
      this.#peerEnded();
    } finally {
      leaveRead();
    }
  }

  onClose(error: TransportError | null): void {
    enterRead();
    try {
      this.#lost(error);
      this.#owner.onClosed(this, error);
    } finally {
      leaveRead();
    }
  }

  onOutputFull(): void {}

  read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    const handler = this.#handler;
    while (at < end && handler !== null && this.#handler === handler) {
      if (this.#input.isPausedFor(FOR_STREAM)) return at;
      at = this.#readOne(handler, buffer, at, end);
    }
    // Bytes that nobody is to have: see #complete().
    return end;
  }

  pauseStream(): void {
    this.#input.pause(FOR_STREAM);
  }

  resumeStream(): void {
    this.#input.resume(FOR_STREAM);
    this.#input.readOnLater();
  }

  abortStream(): void {
    if (!this.#stream.isUnsent) {
      this.abort();
      return;
    }
    this.#free();
    this.#state = IDLE;
    queueMicrotask(() => {
      if (this.capacity > 0) this.#owner.onCapacity(this);
    });
  }

  cut(): void {
    this.transport.abort();
  }

  tunnelOutputEnded(): void {
    this.#isTunnelOutputOver = true;
    this.#output.flush();
    this.transport.end();
    if (this.#isTunnelInputOver) this.#finishTunnel();
  }

  #readOne(handler: ClientStreamHandler, buffer: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case HEAD:
        return this.#readHead(handler, buffer, at, end);
      case BODY:
        return this.#readBody(handler, buffer, at, end);
      default:
        handler.onBody(buffer, at, end, false);
        return end;
    }
  }

  #readHead(handler: ClientStreamHandler, buffer: Buffer, at: number, end: number): number {
    const { limits } = this.#options;
    const stream = this.#stream;
    const isConnect = stream.tunnel?.isConnect === true;
    const after = parseResponseHead(head, buffer, at, end, limits.head, stream.isHeadRequest, isConnect);
    if (after === 0) {
      this.#input.keepHead(buffer, at, end);
      return end;
    }
    if (after < 0) return this.#fail(h1ErrorOf(after), end);
    if (stream.opensTunnel(head)) return this.#openTunnel(handler, after, end);
    if (head.status === 101) return this.#fail(uncalledSwitch, end);
    if (head.status < 200) {
      if (++this.#interimCount > limits.maxInterimResponses) return this.#fail(tooManyInterim, end);
      handler.onInterim(head);
      return after;
    }
    const isIgnored = stream.tunnel !== null && stream.cameByHttp2 && head.status < 300;
    if (isIgnored) return this.#fail(upgradeIgnored, end);
    stream.refuseTunnel();
    this.#keepsAlive = head.keepAlive;
    this.#body.reset(head.framing, head.framing === FRAMING_NONE ? 0 : head.contentLength);
    this.#state = BODY;
    const isEnd = this.#body.done;
    if (isEnd) this.#complete(after === end);
    handler.onResponse(head, isEnd);
    return after;
  }

  #openTunnel(handler: ClientStreamHandler, after: number, end: number): number {
    if (!this.#stream.acceptsSwitch(head)) return this.#fail(badWebSocketAccept, end);
    this.#state = TUNNEL;
    this.#keepsAlive = false;
    this.#isTunnelInputOver = false;
    this.#isTunnelOutputOver = false;
    const owesDrain = this.#stream.openTunnel();
    handler.onResponse(head, false);
    if (owesDrain && this.#handler === handler) handler.onDrain();
    return after;
  }

  #readBody(handler: ClientStreamHandler, buffer: Buffer, at: number, end: number): number {
    const body = this.#body;
    const after = body.scanData(buffer, at, end);
    const { dataStart, dataEnd, hasTrailers } = body;
    const isEnd = body.done && !hasTrailers;
    if (isEnd) {
      this.#complete(after === end);
      handler.onBody(buffer, dataStart, dataEnd, true);
      return after;
    }
    if (dataEnd > dataStart) handler.onBody(buffer, dataStart, dataEnd, false);
    if (this.#handler !== handler) return after;
    if (body.errorCode !== 0) return this.#fail(h1ErrorOf(body.errorCode), end);
    if (!hasTrailers) return after;
    const trailers = readTrailers(body, this.#options.limits.head.maxHeaderCount);
    if (typeof trailers === 'number') return this.#fail(h1ErrorOf(trailers), end);
    this.#complete(after === end);
    handler.onTrailers(trailers);
    return after;
  }

  /** Freed before the handler hears of the end: its next request may take this very connection. */
  #complete(isExhausted: boolean): void {
    const isReusable = this.#keepsAlive && isExhausted && this.#stream.isRequestSent;
    this.#free();
    if (!isReusable) this.#giveUp();
    else if (this.#isRetired) this.#closeInOrder();
    else {
      this.#state = IDLE;
      this.#isReused = true;
      this.#input.open();
      this.#owner.onCapacity(this);
    }
  }

  #peerEnded(): void {
    const handler = this.#handler;
    if (handler !== null && this.#state === TUNNEL) {
      this.#isTunnelInputOver = true;
      if (this.#isTunnelOutputOver) this.#finishTunnel();
      handler.onBody(NOTHING, 0, 0, true);
      return;
    }
    if (handler !== null && this.#state === BODY && this.#body.finish()) {
      this.#keepsAlive = false;
      this.#complete(true);
      handler.onBody(NOTHING, 0, 0, true);
      return;
    }
    // A response can no longer come whole, and an idle connection is of no more use.
    if (handler === null && this.#state === IDLE) this.#giveUp();
    else this.#lost(null);
  }

  /** Both directions have ended in order: the transport closes by itself. */
  #finishTunnel(): void {
    this.#free();
    this.#state = CLOSED;
  }

  #fail(error: MessageError, end: number): number {
    this.#break({ kind: 'protocol', error });
    return end;
  }

  #lost(error: TransportError | null): void {
    if (this.#handler === null) {
      this.#state = CLOSED;
      return;
    }
    // A server that refuses our certificate says so after the handshake: still nothing was processed.
    const isUnestablished = !this.#isEstablished || error?.phase === 'handshake';
    if (error !== null && isUnestablished) this.#break({ kind: 'connect', error });
    else {
      const { isReused } = this.#stream;
      this.#break({ kind: 'closed', isReused, hasResponse: this.#hasResponse, error });
    }
  }

  #break(failure: StreamFailure): void {
    const handler = this.#handler;
    this.#free();
    this.#giveUp();
    handler?.onAbort(failure);
  }

  /** Of no more use; the owner learns at once, since its onClosed() comes later. */
  #giveUp(): void {
    this.#close();
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#owner.onRetiring(this);
  }

  #free(): void {
    this.#handler = null;
    this.#stream.close();
  }

  #close(): void {
    this.#state = CLOSED;
    this.#input.clear();
    this.transport.abort();
  }

  #closeInOrder(): void {
    this.#state = CLOSED;
    this.#output.flush();
    this.transport.end();
  }
}
