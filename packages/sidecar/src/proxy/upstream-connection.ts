import {
  BodyReader,
  FRAMING_NONE,
  HeadStash,
  parseResponseHead,
  ResponseHead,
  type Transport,
  type TransportError,
} from '@tulle/http';
import type { ProxyLimits } from './settings.ts';
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

/** The pool that the connection belongs to. */
export interface UpstreamOwner {
  readonly options: { readonly limits: ProxyLimits };
  /** Its exchange is over, and it can carry another. */
  release(connection: UpstreamConnection): void;
  /** It is gone. */
  closed(connection: UpstreamConnection): void;
}

export type UpstreamFailure =
  | { readonly kind: 'protocol' }
  /** Before the connection stood: nothing was sent. */
  | { readonly kind: 'connect'; readonly error: TransportError }
  /** `isReused`: it had served another request before, so it may have been closing already. */
  | { readonly kind: 'closed'; readonly isReused: boolean; readonly hasResponse: boolean };

const IDLE = 0;
const HEAD = 1;
const BODY = 2;
const CLOSED = 3;

/** One for all connections: a head is used up within the call that parsed it. */
const head = new ResponseHead();
const bytes: ResponseBytes = { buffer: Buffer.alloc(0), at: 0, end: 0 };

/** A connection to an endpoint, serving one exchange at a time: parses responses and hands them on. */
export class UpstreamConnection implements UpstreamHandler {
  transport!: Transport;
  readonly pool: UpstreamOwner;
  readonly generation: number;
  idleSinceMs = 0;
  #state = IDLE;
  #sink: ResponseSink | null = null;
  #isReused = false;
  #hasResponse = false;
  #isEstablished = false;
  #keepAlive = false;
  #interimCount = 0;
  readonly #stash = new HeadStash();
  readonly #body = new BodyReader();

  constructor(pool: UpstreamOwner, generation: number) {
    this.pool = pool;
    this.generation = generation;
  }

  get isClosed(): boolean {
    return this.#state === CLOSED;
  }

  /** Begins an exchange; the caller writes the request to `transport` next. */
  attach(sink: ResponseSink): void {
    this.#sink = sink;
    this.#state = HEAD;
    this.#hasResponse = false;
    this.#interimCount = 0;
  }

  /** Gives the exchange up; what the upstream still says is of no interest. */
  abort(): void {
    this.#sink = null;
    this.#state = CLOSED;
    this.transport.abort();
  }

  /** Closes an idle connection in order. */
  retire(): void {
    this.#state = CLOSED;
    this.transport.end();
  }

  onConnect(): void {
    this.#isEstablished = true;
  }

  onDrain(): void {
    this.#sink?.onUpstreamDrain();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    if (this.#state === CLOSED) return;
    if (sink === null) {
      // Bytes that no request asked for: whose response would they be?
      this.abort();
      return;
    }
    this.#hasResponse = true;
    bytes.buffer = buffer;
    bytes.at = start;
    bytes.end = end;
    if (!this.#stash.isEmpty) {
      const joined = this.#stash.join(buffer, start, end, this.pool.options.limits.head.maxHeadBytes);
      if (joined === null) return;
      bytes.buffer = joined;
      bytes.at = 0;
      bytes.end = joined.length;
    }
    while (bytes.at < bytes.end) {
      if (this.#state === HEAD) {
        if (!this.#readHead(sink)) return;
      } else bytes.at = sink.onResponseBody(this.#body, bytes);
      if (this.#sink !== sink) return;
      if (this.#body.errorCode !== 0) {
        this.#fail({ kind: 'protocol' });
        return;
      }
      if (this.#state === BODY && this.#body.done) {
        this.#complete(sink, bytes.at === bytes.end);
        return;
      }
    }
  }

  onEnd(): void {
    const sink = this.#sink;
    if (sink !== null && this.#state === BODY && this.#body.finish()) {
      this.#keepAlive = false;
      this.#complete(sink, true);
      return;
    }
    // A response can no longer come whole, and an idle connection is of no more use.
    this.#lost(null);
    this.transport.abort();
  }

  onClose(error: TransportError | null): void {
    this.#lost(error);
    this.pool.closed(this);
  }

  /** False: stop reading this slice. */
  #readHead(sink: ResponseSink): boolean {
    const { limits } = this.pool.options;
    const after = parseResponseHead(head, bytes.buffer, bytes.at, bytes.end, limits.head, sink.isHeadRequest);
    if (after === 0) {
      this.#stash.keep(bytes.buffer, bytes.at, bytes.end);
      return false;
    }
    const isInterim = after > 0 && head.status < 200;
    // No upgrade was ever asked for, so 101 is out of place (RFC 9110 section 15.2.2).
    const isUncalled =
      isInterim && (head.status === 101 || ++this.#interimCount > limits.maxInterimResponses);
    if (after < 0 || isUncalled) {
      this.#fail({ kind: 'protocol' });
      return false;
    }
    bytes.at = after;
    if (isInterim) {
      sink.onInterim(head);
      return true;
    }
    this.#keepAlive = head.keepAlive;
    this.#body.reset(head.framing, head.framing === FRAMING_NONE ? 0 : head.contentLength);
    this.#state = BODY;
    bytes.at = sink.onResponse(head, this.#body, bytes);
    if (this.#body.done && this.#sink === sink && this.#body.errorCode === 0) {
      this.#complete(sink, bytes.at === bytes.end);
      return false;
    }
    return true;
  }

  /** Freed before the sink goes on: its next request may take this very connection. */
  #complete(sink: ResponseSink, isExhausted: boolean): void {
    this.#sink = null;
    const isReusable = this.#keepAlive && isExhausted && sink.isRequestSent;
    if (isReusable) {
      this.#state = IDLE;
      this.#isReused = true;
      this.transport.resume();
      this.pool.release(this);
    } else {
      this.#state = CLOSED;
      this.transport.abort();
    }
    sink.onResponseEnd();
  }

  #lost(error: TransportError | null): void {
    if (this.#sink === null) {
      this.#state = CLOSED;
      return;
    }
    // A server that refuses our certificate says so after the handshake: still nothing was processed.
    const isUnestablished = !this.#isEstablished || error?.phase === 'handshake';
    if (error !== null && isUnestablished) this.#fail({ kind: 'connect', error });
    else this.#fail({ kind: 'closed', isReused: this.#isReused, hasResponse: this.#hasResponse });
  }

  #fail(failure: UpstreamFailure): void {
    const sink = this.#sink;
    this.#sink = null;
    this.#state = CLOSED;
    this.transport.abort();
    sink?.onUpstreamFailure(failure);
  }
}
