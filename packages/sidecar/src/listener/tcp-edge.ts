import {
  type DetectionResult,
  type EdgeEnd,
  type TcpEdgeLabels,
  type TcpSeries,
  unknownEnd,
} from '../metrics.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import type { InboundPeer } from '../proxy/inbound-peer.ts';
import { endOf, endOfCaller } from '../proxy/peer-end.ts';
import type { EndpointSlot } from '../proxy/upstreams.ts';
import type { RelayParts } from '../tcp/relay-parts.ts';
import type { TcpObserver } from '../tcp/tcp-relays.ts';
import type { ListenerContext } from './listener-context.ts';

export interface TcpEdgeOptions {
  readonly side: 'inbound' | 'outbound';
  /** `<namespace>/<service>:<port>`, `<namespace>/<pod>:<port>` or `outside`. */
  readonly destination: string;
  /** Inbound, by mutual TLS. */
  readonly peer?: InboundPeer;
}

/** What is counted and logged of one connection that carries bytes. */
export class TcpEdge implements TcpObserver {
  readonly #context: ListenerContext;
  readonly #options: TcpEdgeOptions;
  readonly #startedMs: number;
  #labels: TcpEdgeLabels | null = null;
  #series: TcpSeries | null = null;
  #slot: EndpointSlot | null = null;
  #countedSent = 0;
  #countedReceived = 0;

  constructor(context: ListenerContext, options: TcpEdgeOptions) {
    this.#context = context;
    this.#options = options;
    this.#startedMs = context.clock.monotonicMs();
  }

  /** What it carries, and to whom. */
  to({ dial, protocol }: RelayParts): this {
    this.#slot = dial.slot;
    this.#labels = this.#labelsOf(protocol);
    this.#series = this.#context.metrics.tcpEdge(this.#labels);
    return this;
  }

  detected(result: DetectionResult): void {
    const { metrics, clock } = this.#context;
    metrics.detected(this.#options.side, result, (clock.monotonicMs() - this.#startedMs) / 1_000);
  }

  opened(): void {
    this.#series?.opened();
  }

  transferred(sentBytes: number, receivedBytes: number): void {
    this.#series?.transferred(sentBytes - this.#countedSent, receivedBytes - this.#countedReceived);
    this.#countedSent = sentBytes;
    this.#countedReceived = receivedBytes;
  }

  closed(failure: Failure | null, sentBytes: number, receivedBytes: number): void {
    this.transferred(sentBytes, receivedBytes);
    this.#series?.closed(failure?.flag ?? '', 0, 0);
    this.#log(failure, '', '');
  }

  /** It ended before it carried anything. */
  failed(failure: Failure, detail: string, policy = ''): void {
    this.#labels ??= this.#labelsOf('tcp');
    const series = this.#context.metrics.tcpEdge(this.#labels);
    series.opened();
    series.closed(failure.flag, 0, 0);
    // Whoever went away again before it said anything is no event.
    if (failure !== failures.downstreamClosed) this.#log(failure, detail, policy);
  }

  #log(failure: Failure | null, detail: string, policy: string): void {
    const { accessLog, clock } = this.#context;
    const flag = failure?.flag ?? '';
    if (this.#labels === null || !accessLog.wants({ flag })) return;
    accessLog.connectionLine({
      ...this.#labels,
      endpoint: this.#slot?.endpoint.key ?? '',
      serverName: '',
      flag,
      reason: failure?.reason ?? '',
      detail,
      policy,
      durationMs: clock.monotonicMs() - this.#startedMs,
      sentBytes: this.#countedSent,
      receivedBytes: this.#countedReceived,
    });
  }

  #labelsOf(protocol: 'tcp' | 'tls'): TcpEdgeLabels {
    const { side, destination, peer } = this.#options;
    const isMutual = side === 'inbound' ? peer !== undefined : this.#slot?.endpoint.mesh != null;
    const security = isMutual ? 'mtls' : 'plain';
    return { direction: side, peer: this.#farEnd(), service: destination, security, protocol };
  }

  #farEnd(): EdgeEnd {
    const { side, peer } = this.#options;
    if (side === 'inbound') return peer === undefined ? unknownEnd : endOfCaller(peer.spiffeId, peer.owner);
    return this.#slot === null ? unknownEnd : endOf(this.#slot.endpoint);
  }
}
