/**
 * A client's connection: whatever its version, each request gets a relay, which the stack routes and which
 * carries it to an endpoint and back. Here is what they share, and what becomes of all of them at the end.
 */
import type {
  MessageError,
  RequestHead,
  ServerConnection,
  ServerConnectionHandler,
  ServerStream,
} from '@tulle/http';
import type { DownstreamContext, OpenConnection } from './downstream-context.ts';
import { badRequest, failures } from './failure.ts';
import type { InboundPeer } from './inbound-peer.ts';
import { RequestRelay } from './request-relay.ts';
import type { ServedClient } from './request-stack.ts';
import type { Swept } from './sweep.ts';

export class DownstreamConnection implements ServerConnectionHandler, ServedClient, OpenConnection, Swept {
  /** Inbound: who it is and what it asked for. */
  readonly peer: InboundPeer | null;
  authority = '';
  readonly #context: DownstreamContext;
  /** Every one that was made, at work or not: as many as there were requests at once. */
  readonly #relays: RequestRelay[] = [];
  readonly #server: ServerConnection;

  /** `serve` makes the connection to the client, of which this is the handler. */
  constructor(
    context: DownstreamContext,
    peer: InboundPeer | null,
    serve: (handler: ServerConnectionHandler) => ServerConnection,
  ) {
    this.#context = context;
    this.peer = peer;
    this.#server = serve(this);
    context.connections.add(this);
    context.sweep.add(this);
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    this.#relayOf(stream).begin(stream, head, isEnd);
  }

  onBadRequest(stream: ServerStream | null, error: MessageError): void {
    // Without a stream the codec has answered by its own means; it is counted and logged all the same.
    const relay = stream === null ? new RequestRelay(this, this.#context) : this.#relayOf(stream);
    relay.refuse(stream, badRequest(error));
  }

  onClose(): void {
    this.#context.connections.delete(this);
    this.#context.sweep.delete(this);
  }

  onSweep(nowMs: number): void {
    const { streamIdleMs } = this.#context.settings.timeouts;
    for (const relay of this.#relays) {
      if (relay.exchange.isActive && nowMs - relay.activeMs >= streamIdleMs) relay.fail(failures.streamIdle);
    }
    this.#server.onSweep(nowMs);
  }

  drain(): void {
    this.#server.drain();
  }

  cutAtDeadline(): void {
    for (const relay of this.#relays) {
      if (relay.exchange.isActive) relay.fail(failures.drained);
    }
    this.#server.abort();
  }

  /** The codec hands a stream that it uses again with the handler that it had. */
  #relayOf(stream: ServerStream): RequestRelay {
    if (stream.handler instanceof RequestRelay) return stream.handler;
    const relay = new RequestRelay(this, this.#context);
    stream.handler = relay;
    this.#relays.push(relay);
    return relay;
  }
}
