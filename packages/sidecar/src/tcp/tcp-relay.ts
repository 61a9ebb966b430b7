/**
 * Bytes between two connections, neither looked at nor changed. Whoever is slow stops whoever feeds it; an end
 * in one direction is passed on and leaves the other open; a reset is passed on as a reset.
 */
import type { Transport, TransportError, TransportHandler } from '@tulle/http';
import type { OpenConnection } from '../proxy/downstream-context.ts';
import type { Swept } from '../proxy/sweep.ts';

/** Why a relay ended other than by both ends' leave. */
export type TcpEnding =
  | 'closed'
  | 'downstream-reset'
  | 'upstream-reset'
  | 'idle'
  | 'drained'
  | 'policy'
  | 'overload';

export interface TcpRelayOptions {
  /** Monotonic, as of the last sweep. */
  nowMs(): number;
  /** Without a byte either way. After: both are reset. */
  readonly idleMs: number;
  /** How long bytes may wait here for somebody to take them; null: as long as idleMs. */
  patienceMs(): number | null;
  /** As OpenConnection's. */
  readonly plainPort: number | null;
  /** Bytes have moved since the last sweep. */
  onProgress(relay: TcpRelay): void;
  /** Once. */
  onOver(relay: TcpRelay, ending: TcpEnding): void;
}

export class TcpRelay implements OpenConnection, Swept {
  readonly #options: TcpRelayOptions;
  readonly #downstream: Side;
  readonly #upstream: Side;
  #activeMs: number;
  #reportedBytes = 0;
  #ending: TcpEnding | null = null;

  /** Takes both connections, which stand, over. */
  constructor(downstream: Transport, upstream: Transport, options: TcpRelayOptions) {
    this.#options = options;
    this.#activeMs = options.nowMs();
    this.#downstream = new Side(this, downstream, upstream);
    this.#upstream = new Side(this, upstream, downstream);
    downstream.handler = this.#downstream;
    upstream.handler = this.#upstream;
  }

  get plainPort(): number | null {
    return this.#options.plainPort;
  }

  /** What the client has sent, and what it was sent: payload. */
  get sentBytes(): number {
    return this.#downstream.bytes;
  }

  get receivedBytes(): number {
    return this.#upstream.bytes;
  }

  /** Passes on what was read of one side before the relay was. */
  inject(from: 'downstream' | 'upstream', bytes: Buffer, hasEnded: boolean): void {
    const side = from === 'downstream' ? this.#downstream : this.#upstream;
    if (bytes.length > 0) side.onData(bytes, 0, bytes.length);
    if (hasEnded) side.onEnd();
  }

  onSweep(nowMs: number): void {
    const stillMs = nowMs - this.#activeMs;
    const patienceMs = this.#options.patienceMs();
    if (stillMs >= this.#options.idleMs) this.#abort('idle');
    else if (patienceMs !== null && stillMs >= patienceMs && this.#isHolding) this.#abort('overload');
    const bytes = this.sentBytes + this.receivedBytes;
    if (bytes === this.#reportedBytes) return;
    this.#reportedBytes = bytes;
    this.#options.onProgress(this);
  }

  /** Nothing in the bytes says where they may be cut: the deadline does. */
  drain(): void {}

  endForPolicy(): void {
    this.#abort('policy');
  }

  cutAtDeadline(): void {
    this.#abort('drained');
  }

  get #isHolding(): boolean {
    return this.#downstream.transport.queuedBytes > 0 || this.#upstream.transport.queuedBytes > 0;
  }

  touch(): void {
    this.#activeMs = this.#options.nowMs();
  }

  onSideClosed(side: Side): void {
    const other = side === this.#downstream ? this.#upstream : this.#downstream;
    const isInOrder = side.hasEnded && other.hasEnded && side.error === null;
    if (!isInOrder) {
      this.#ending ??= side === this.#downstream ? 'downstream-reset' : 'upstream-reset';
      if (!other.isClosed) other.transport.abort();
    }
    if (other.isClosed) this.#options.onOver(this, this.#ending ?? 'closed');
  }

  #abort(ending: TcpEnding): void {
    this.#ending ??= ending;
    for (const side of [this.#downstream, this.#upstream]) if (!side.isClosed) side.transport.abort();
  }
}

class Side implements TransportHandler {
  readonly transport: Transport;
  bytes = 0;
  hasEnded = false;
  isClosed = false;
  error: TransportError | null = null;
  readonly #relay: TcpRelay;
  readonly #other: Transport;

  constructor(relay: TcpRelay, transport: Transport, other: Transport) {
    this.#relay = relay;
    this.transport = transport;
    this.#other = other;
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    this.#relay.touch();
    if (!this.#other.write(buffer, start, end)) this.transport.pause();
  }

  onDrain(): void {
    this.#relay.touch();
    this.#other.resume();
  }

  onEnd(): void {
    this.hasEnded = true;
    this.#relay.touch();
    this.#other.end();
  }

  onClose(error: TransportError | null): void {
    this.isClosed = true;
    this.error = error;
    this.#relay.onSideClosed(this);
  }
}
