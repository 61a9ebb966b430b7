import { H1ServerConnection } from '../h1/h1-server-connection.ts';
import { H2ServerConnection } from '../h2/h2-server-connection.ts';
import { enterRead, leaveRead } from '../transport/outbox.ts';
import type { Transport, TransportError, TransportHandler } from '../transport/transport.ts';
import type { ServerConnection, ServerConnectionHandler } from './exchange.ts';
import type { ServerConnectionOptions } from './limits.ts';

/** RFC 9113 section 3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * Makes a transport a connection of whichever version the client speaks: HTTP/2 where ALPN says so or its
 * preface comes (prior knowledge, RFC 9113 section 3.3), else HTTP/1.1. Decided as bytes arrive, by the
 * first one nearly always; until then the deadlines for a head hold.
 */
export function serveHttp(
  transport: Transport,
  handler: ServerConnectionHandler,
  options: ServerConnectionOptions,
): ServerConnection {
  if (transport.alpnProtocol === 'h2') return new H2ServerConnection(transport, handler, options);
  return new UndecidedConnection(transport, handler, options);
}

class UndecidedConnection implements ServerConnection, TransportHandler {
  readonly transport: Transport;
  readonly #handler: ServerConnectionHandler;
  readonly #options: ServerConnectionOptions;
  #decided: (ServerConnection & TransportHandler) | null = null;
  /** How much of the preface has come. */
  #matched = 0;
  #sinceMs: number;

  constructor(transport: Transport, handler: ServerConnectionHandler, options: ServerConnectionOptions) {
    this.transport = transport;
    this.#handler = handler;
    this.#options = options;
    this.#sinceMs = options.nowMs();
    transport.handler = this;
  }

  get httpMajor(): 1 | 2 {
    return this.#decided?.httpMajor ?? 1;
  }

  get activeStreams(): number {
    return this.#decided?.activeStreams ?? 0;
  }

  drain(): void {
    this.#decide(1).drain();
  }

  abort(): void {
    if (this.#decided === null) this.transport.abort();
    else this.#decided.abort();
  }

  onSweep(nowMs: number): void {
    if (this.#decided !== null) {
      this.#decided.onSweep(nowMs);
      return;
    }
    const { headMs, idleMs } = this.#options.timeouts;
    if (nowMs - this.#sinceMs >= (this.#matched > 0 ? headMs : idleMs)) this.transport.abort();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#matched < PREFACE.length && buffer[at] === PREFACE[this.#matched]) {
      at++;
      this.#matched++;
    }
    const isPreface = this.#matched === PREFACE.length;
    const before = this.#matched - (at - start);
    if (at === end && !isPreface) {
      if (before === 0) this.#sinceMs = this.#options.nowMs();
      return;
    }
    const decided = this.#decide(isPreface ? 2 : 1);
    enterRead();
    try {
      // What came in reads before this one, and is gone from the read buffer, is the preface's beginning.
      if (before > 0) decided.onData(PREFACE, 0, before);
      decided.onData(buffer, start, end);
    } finally {
      leaveRead();
    }
  }

  onDrain(): void {}

  onEnd(): void {
    this.transport.end();
  }

  onClose(error: TransportError | null): void {
    this.#handler.onClose(error);
  }

  #decide(httpMajor: 1 | 2): ServerConnection & TransportHandler {
    const { transport } = this;
    this.#decided ??=
      httpMajor === 2
        ? new H2ServerConnection(transport, this.#handler, this.#options)
        : new H1ServerConnection(transport, this.#handler, this.#options);
    return this.#decided;
  }
}
