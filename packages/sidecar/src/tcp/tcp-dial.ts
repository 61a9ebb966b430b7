/** Finds an endpoint that takes a connection for bytes: nothing has been sent, so another may be tried. */
import type { Transport, TransportError, TransportHandler } from '@tulle/http';
import type { Clock } from '@tulle/runtime';
import type { Balancer } from '../proxy/balancer.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import { failureOfConnect } from '../proxy/rescue.ts';
import type { BytesDialer } from '../proxy/upstream-dialer.ts';
import type { EndpointSlot } from '../proxy/upstreams.ts';

/** Endpoints that are tried, in all. */
const MAX_ATTEMPTS = 3;

export interface TcpDialOwner {
  /** The connection stands. It is read from: a server that speaks first is heard. */
  onUpstreamOpen(): void;
  /** The server has said something, before anything was sent to it. Once; nothing more is read. */
  onUpstreamSpoke(): void;
  /** No endpoint could be reached, or the one reached has gone again. */
  onUpstreamFailed(failure: Failure, detail: string): void;
}

export interface TcpDialOptions {
  readonly dialer: BytesDialer;
  readonly balancer: Balancer;
  readonly clock: Clock;
}

const nothing = Buffer.alloc(0);

export class TcpDial implements TransportHandler {
  readonly #options: TcpDialOptions;
  readonly #owner: TcpDialOwner;
  #untried: readonly EndpointSlot[];
  #attempts = 0;
  #slot: EndpointSlot | null = null;
  #transport: Transport | null = null;
  #isOpen = false;
  #isCounted = false;
  #isOver = false;
  /** What the server has said. */
  #bytes: Buffer = nothing;
  hasEnded = false;

  constructor(slots: readonly EndpointSlot[], owner: TcpDialOwner, options: TcpDialOptions) {
    this.#untried = slots;
    this.#owner = owner;
    this.#options = options;
  }

  /** The endpoint in use, or tried last. */
  get slot(): EndpointSlot | null {
    return this.#slot;
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isOver;
  }

  /** Null: under way. Else why there is nothing to try. */
  start(): Failure | null {
    const slot = this.#options.balancer.pick(this.#untried);
    if (slot === null) return failures.noEndpoint;
    this.#attempts++;
    this.#untried = this.#untried.filter((other) => other !== slot);
    const transport = this.#options.dialer.dialTcp(slot.endpoint, {
      handler: this,
      onConnect: () => this.#opened(),
    });
    if (transport === null) return failures.noIdentity;
    this.release();
    this.#slot = slot;
    this.#isCounted = true;
    slot.pool.inFlight++;
    this.#transport = transport;
    return null;
  }

  /** The connection is the caller's from now on, with what the server has said; `release` at its end. */
  takeOver(): { readonly transport: Transport; readonly bytes: Buffer } {
    this.#isOver = true;
    return { transport: this.#transport!, bytes: this.#bytes };
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#transport?.abort();
    this.release();
  }

  /** The endpoint is no longer in use. */
  release(): void {
    if (this.#isCounted && this.#slot !== null) this.#slot.pool.inFlight--;
    this.#isCounted = false;
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    this.#bytes = Buffer.from(buffer.subarray(start, end));
    this.#transport?.pause();
    this.#owner.onUpstreamSpoke();
  }

  onDrain(): void {}

  /** A server that ends before it was spoken to has spoken, in a way. */
  onEnd(): void {
    if (this.#isOver) return;
    this.hasEnded = true;
    this.#owner.onUpstreamSpoke();
  }

  onClose(error: TransportError | null): void {
    if (this.#isOver) return;
    const isUnreached = !this.#isOpen && error !== null;
    if (isUnreached) this.#slot?.pool.avoidance.onUnreachable(this.#options.clock.monotonicMs());
    if (isUnreached && this.#attempts < MAX_ATTEMPTS && this.#untried.length > 0 && this.start() === null)
      return;
    this.#isOver = true;
    this.release();
    const failure = isUnreached ? failureOfConnect(error) : failures.upstreamClosed;
    this.#owner.onUpstreamFailed(failure, error?.message ?? '');
  }

  #opened(): void {
    this.#isOpen = true;
    if (this.#slot?.isAvoided === true) this.#slot.pool.avoidance.clear();
    if (!this.#isOver) this.#owner.onUpstreamOpen();
  }
}
