import type { RequestHead, StreamFailure } from '@tulle/http';
import type { Cluster, InboundView } from '../config/mesh-view.ts';
import { type EdgeEnd, type EdgeSeries, type RequestMetrics, unknownEnd } from '../metrics.ts';
import type { AccessLog } from './access-log.ts';
import type { AppClusters } from './app-clusters.ts';
import { appMajorOf, isGrpc } from './app-major.ts';
import type { Balancer } from './balancer.ts';
import { type Failure, failures } from './failure.ts';
import type { InboundPeer, InboundTarget } from './inbound-peer.ts';
import { asksForHttp1 } from './own-fields.ts';
import { endOfCaller } from './peer-end.ts';
import type { RequestStack, ServedRequest } from './request-stack.ts';
import { rescue, rescueUpstream } from './rescue.ts';
import type { ProxySettings } from './settings.ts';
import { refuseUnserved } from './unserved.ts';
import type { EndpointSlot, Upstreams } from './upstreams.ts';

export interface InboundStackOptions {
  readonly settings: ProxySettings;
  readonly view: InboundView;
  readonly apps: AppClusters;
  readonly upstreams: Upstreams;
  readonly balancer: Balancer;
  readonly metrics: RequestMetrics;
  readonly accessLog: AccessLog;
  readonly monotonicMs: () => number;
}

/**
 * A request on its way in, outermost first:
 *
 *   finish()  counts and logs, whatever became of it
 *   rescue()  answers what failed
 *   route()   refuse what is not served -> find the application's port
 *
 * Whose request it is was settled when the connection was accepted: see inbound-listener.ts.
 */
export class InboundStack implements RequestStack {
  readonly #options: InboundStackOptions;

  constructor(options: InboundStackOptions) {
    this.#options = options;
  }

  finish(request: ServedRequest): void {
    const { exchange } = request;
    const peer = request.client.peer!;
    const durationMs = this.#options.monotonicMs() - exchange.startedMs;
    peer.series ??= this.#seriesOf(peer);
    peer.series.count(exchange, durationMs / 1_000);
    exchange.span?.end(exchange, peer.spiffeId);
    const { accessLog } = this.#options;
    if (!accessLog.wants(exchange)) return;
    exchange.destination = this.#destinationOf(peer);
    accessLog.line(
      { direction: 'inbound', peer: callerOf(peer), security: peer.spiffeId === '' ? 'plain' : 'mtls' },
      exchange,
      durationMs,
    );
  }

  rescue(request: ServedRequest, failure: Failure, detail: string): void {
    rescue(request, failure, detail);
  }

  rescueUpstream(request: ServedRequest, failure: StreamFailure): void {
    rescueUpstream(request, failure);
  }

  route(request: ServedRequest, head: RequestHead): EndpointSlot | Failure {
    const refusal = refuseUnserved(head);
    if (refusal !== null) return refusal;
    const { exchange } = request;
    const peer = request.client.peer!;
    exchange.appMajor = appMajorOfPeer(head, peer);
    exchange.isGrpc = exchange.appMajor === 2 && isGrpc(head);
    const cluster = peer.host === null ? this.#announced(peer) : this.#captured(peer, peer.host);
    // Its sidecar may hear of a service later than its peers, and of its end earlier.
    if (cluster === null) return failures.portNotAnnounced;
    exchange.backend = cluster.name;
    exchange.wantsTunnel = head.asksForTunnel;
    const { balancer, upstreams } = this.#options;
    return balancer.pick(upstreams.slotsOf(cluster)) ?? failures.noEndpoint;
  }

  /** There is one application. */
  routeAgain(): null {
    return null;
  }

  /** It is the caller's sidecar that knows of others. */
  holdForEndpoint(): boolean {
    return false;
  }

  /** Explicit: a port that this workload announces. */
  #announced(peer: InboundPeer): Cluster | null {
    const target = this.#options.view.target(peer.port);
    if (target === null) return null;
    if (peer.cluster === null || !isSameTarget(peer.target, target)) {
      peer.target = target;
      peer.cluster = this.#options.apps.of(target.host, target.port, target.label);
      peer.series = null;
    }
    return peer.cluster;
  }

  /** Captured: wherever it wanted to go. */
  #captured(peer: InboundPeer, host: string): Cluster {
    peer.cluster ??= this.#options.apps.of(host, peer.port, this.#destinationOf(peer));
    return peer.cluster;
  }

  #seriesOf(peer: InboundPeer): EdgeSeries {
    return this.#options.metrics.edge({
      direction: 'inbound',
      peer: callerOf(peer),
      service: this.#options.view.serviceOf(peer.port) ?? peer.cluster?.name ?? this.#destinationOf(peer),
      backend: '',
      security: peer.spiffeId === '' ? 'plain' : 'mtls',
    });
  }

  #destinationOf(peer: InboundPeer): string {
    return `${this.#options.settings.workload}:${peer.port}`;
  }
}

function callerOf({ spiffeId, owner }: InboundPeer): EdgeEnd {
  return spiffeId === '' ? unknownEnd : endOfCaller(spiffeId, owner);
}

/** A peer's sidecar says what its client spoke; who comes in plain shows it. */
function appMajorOfPeer(head: RequestHead, peer: InboundPeer): 1 | 2 {
  if (peer.spiffeId === '') return appMajorOf(head, 'detect');
  return asksForHttp1(head) ? 1 : 2;
}

function isSameTarget(one: InboundTarget | null, other: InboundTarget): boolean {
  if (one === other) return true;
  return one !== null && one.host === other.host && one.port === other.port && one.label === other.label;
}
