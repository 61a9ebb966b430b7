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
import type { OriginalAddress } from '../capture/original-destination.ts';
import type { OpenConnection } from './downstream-context.ts';
import { badRequest, type Failure, failures } from './failure.ts';
import { type ForwardedClient, forwardedClientOf } from './forwarded-client.ts';
import type { InboundPeer } from './inbound-peer.ts';
import type { RelayPool } from './relay-pool.ts';
import type { RelayClient, RequestRelay } from './request-relay.ts';
import type { ServedClient } from './request-stack.ts';
import type { Swept } from './sweep.ts';

/** For requests under way on a connection that a policy forbids from now on. */
const POLICY_GRACE_MS = 5_000;

/** Where a client's connection came in. */
export type ClientOrigin = Pick<ServedClient, 'peer' | 'captured'>;

export class DownstreamConnection implements ServerConnectionHandler, RelayClient, OpenConnection, Swept {
  readonly peer: InboundPeer | null;
  readonly captured: OriginalAddress | null;
  authority = '';
  #forwarded: ForwardedClient | null = null;
  readonly #relays: RelayPool;
  /** Those at work, as a list through themselves. */
  #first: RequestRelay | null = null;
  readonly #server: ServerConnection;
  #cutMs = Number.POSITIVE_INFINITY;

  /** `serve` makes the connection to the client, of which this is the handler. */
  constructor(
    relays: RelayPool,
    origin: ClientOrigin,
    serve: (handler: ServerConnectionHandler) => ServerConnection,
  ) {
    this.#relays = relays;
    this.peer = origin.peer;
    this.captured = origin.captured;
    this.#server = serve(this);
    const { connections, sweep } = relays.context;
    connections.add(this);
    sweep.add(this);
  }

  get plainPort(): number | null {
    return this.peer !== null && this.peer.spiffeId === '' ? this.peer.port : null;
  }

  /** Made with its first request: a connection that is idle holds nothing of it. */
  get forwarded(): ForwardedClient | null {
    if (this.peer === null || this.#forwarded !== null) return this.#forwarded;
    const { settings, metrics } = this.#relays.context;
    const { transport } = this.#server;
    this.#forwarded = forwardedClientOf(transport, settings.forwarding, metrics.own.identity);
    return this.#forwarded;
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    const relay = this.#takeRelay();
    stream.handler = relay;
    if (this.#relays.context.overload.admits(this)) relay.begin(stream, head, isEnd);
    else relay.refuse(stream, failures.overloaded);
  }

  /** Without a stream the codec has answered by its own means; it is counted and logged all the same. */
  onBadRequest(stream: ServerStream | null, error: MessageError): void {
    const relay = this.#takeRelay();
    if (stream !== null) stream.handler = relay;
    relay.refuse(stream, badRequest(error));
  }

  onExchangeOver(relay: RequestRelay): void {
    const { next, previous } = relay;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
    relay.next = null;
    relay.previous = null;
    this.#relays.context.overload.underWay--;
    this.#relays.release(relay);
  }

  hasStalled(): boolean {
    for (let relay = this.#first; relay !== null; relay = relay.next) {
      if (relay.exchange.isStalledSince(Number.POSITIVE_INFINITY)) return true;
    }
    return false;
  }

  onClose(): void {
    const { connections, sweep } = this.#relays.context;
    connections.delete(this);
    sweep.delete(this);
  }

  onSweep(nowMs: number): void {
    if (nowMs >= this.#cutMs) {
      this.cutAtDeadline();
      return;
    }
    const { overload, settings } = this.#relays.context;
    const { streamIdleMs, stalledMs } = settings.timeouts;
    this.#failWhere(failures.streamIdle, (relay) => nowMs - relay.activeMs >= streamIdleMs);
    const patienceMs = overload.patienceMs(stalledMs);
    if (patienceMs !== null) {
      this.#failWhere(failures.overloadCut, (relay) => relay.exchange.isStalledSince(nowMs - patienceMs));
    }
    this.#server.onSweep(nowMs);
  }

  drain(): void {
    this.#server.drain();
  }

  endForPolicy(): void {
    this.drain();
    this.#cutMs = this.#relays.context.sweep.nowMs + POLICY_GRACE_MS;
  }

  cutAtDeadline(): void {
    this.#failWhere(failures.drained, () => true);
    this.#server.abort();
  }

  #takeRelay(): RequestRelay {
    const relay = this.#relays.take(this);
    this.#relays.context.overload.underWay++;
    relay.next = this.#first;
    if (this.#first !== null) this.#first.previous = relay;
    this.#first = relay;
    return relay;
  }

  /** What fails may end others too: they are looked at again before their turn. */
  #failWhere(failure: Failure, isMeant: (relay: RequestRelay) => boolean): void {
    if (this.#first === null) return;
    const meant: RequestRelay[] = [];
    for (let relay: RequestRelay | null = this.#first; relay !== null; relay = relay.next) {
      if (isMeant(relay)) meant.push(relay);
    }
    for (const relay of meant) {
      if (relay.client === this && relay.exchange.isActive) relay.fail(failure);
    }
  }
}
