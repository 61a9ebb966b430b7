/** The relays of one side: made, watched, counted and logged here. */

import type { OpenConnection } from '../proxy/downstream-context.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import type { OverloadGuard } from '../proxy/overload/overload-guard.ts';
import type { ProxyTimeouts } from '../proxy/settings.ts';
import type { Sweep } from '../proxy/sweep.ts';
import type { RelayParts } from './relay-parts.ts';
import { type TcpEnding, TcpRelay } from './tcp-relay.ts';

/** What is told of a connection's bytes. */
export interface TcpObserver {
  opened(): void;
  /** Payload bytes so far: from the client, and to it. */
  transferred(sentBytes: number, receivedBytes: number): void;
  /** `failure` null: both ends left in order. Payload bytes: from the client, and to it. */
  closed(failure: Failure | null, sentBytes: number, receivedBytes: number): void;
}

export interface TcpRelaysOptions {
  readonly sweep: Sweep;
  readonly connections: Set<OpenConnection>;
  readonly timeouts: ProxyTimeouts;
  /** Relays are under way as requests are, and cut as they are. */
  readonly overload: OverloadGuard;
}

const failureOf: Readonly<Record<TcpEnding, Failure | null>> = {
  closed: null,
  'downstream-reset': failures.downstreamClosed,
  'upstream-reset': failures.upstreamReset,
  idle: failures.streamIdle,
  drained: failures.drained,
  policy: failures.mtlsRequired,
  overload: failures.overloadCut,
};

/** Connections that carry bytes have no other exchange that could wait. */
const withoutStall = { hasStalled: () => false };

export class TcpRelays {
  readonly #options: TcpRelaysOptions;

  constructor(options: TcpRelaysOptions) {
    this.#options = options;
  }

  /** False: the process cannot hold one more. */
  admits(): boolean {
    return this.#options.overload.admits(withoutStall);
  }

  /** `plainPort`: inbound and without mutual TLS. */
  start(
    { downstream, dial, early, hasEnded }: RelayParts,
    observer: TcpObserver,
    plainPort: number | null,
  ): void {
    const { sweep, connections, timeouts, overload } = this.#options;
    const { transport: upstream, bytes } = dial.takeOver();
    observer.opened();
    const relay = new TcpRelay(downstream, upstream, {
      idleMs: timeouts.tcpIdleMs,
      patienceMs: () => overload.patienceMs(timeouts.stalledMs),
      plainPort,
      nowMs: () => sweep.nowMs,
      onProgress: (moving) => observer.transferred(moving.sentBytes, moving.receivedBytes),
      onOver: (over, ending) => {
        overload.underWay--;
        connections.delete(over);
        sweep.delete(over);
        dial.release();
        observer.closed(failureOf[ending], over.sentBytes, over.receivedBytes);
      },
    });
    overload.underWay++;
    connections.add(relay);
    sweep.add(relay);
    relay.inject('downstream', early, hasEnded);
    relay.inject('upstream', bytes, dial.hasEnded);
    downstream.resume();
    upstream.resume();
  }
}
