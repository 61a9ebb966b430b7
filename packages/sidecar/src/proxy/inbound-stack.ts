import type { RequestHead, StreamFailure } from '@tulle/http';
import type { Cluster, InboundView } from '../config/mesh-view.ts';
import type { EdgeEnd, EdgeSeries, RequestMetrics } from '../metrics.ts';
import type { AccessLog } from './access-log.ts';
import { isGrpc } from './app-major.ts';
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
  /** The application's ports as clusters of one endpoint. */
  readonly #clusters = new Map<string, Cluster>();

  constructor(options: InboundStackOptions) {
    this.#options = options;
  }

  finish(request: ServedRequest): void {
    const { exchange } = request;
    const peer = request.client.peer!;
    const durationMs = this.#options.monotonicMs() - exchange.startedMs;
    peer.series ??= this.#seriesOf(peer);
    peer.series.count(exchange, durationMs / 1_000);
    const { accessLog } = this.#options;
    if (!accessLog.wants(exchange)) return;
    exchange.destination = this.#destinationOf(peer);
    accessLog.line({ direction: 'inbound', peer: callerOf(peer), security: 'mtls' }, exchange, durationMs);
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
    exchange.appMajor = asksForHttp1(head) ? 1 : 2;
    exchange.isGrpc = exchange.appMajor === 2 && isGrpc(head);
    const peer = request.client.peer!;
    const target = this.#options.view.target(peer.port);
    // It was announced when the connection was made, and is no more.
    if (target === null) return failures.unknownPort;
    if (peer.cluster === null || !isSameTarget(peer.target, target)) {
      peer.target = target;
      peer.cluster = this.#clusterOf(target);
      peer.series = null;
    }
    exchange.backend = target.label;
    exchange.wantsTunnel = head.asksForTunnel;
    const { balancer, upstreams } = this.#options;
    return balancer.pick(upstreams.slotsOf(peer.cluster)) ?? failures.noEndpoint;
  }

  #clusterOf(target: InboundTarget): Cluster {
    const key = `${target.host}:${target.port}`;
    let cluster = this.#clusters.get(key);
    if (cluster === undefined) {
      const endpoint = { key, address: target.host, port: target.port, workload: '', owner: '', mesh: null };
      const { label: name } = target;
      cluster = {
        name,
        namespace: '',
        service: '',
        port: target.port,
        protocol: 'detect',
        endpoints: [endpoint],
      };
      this.#clusters.set(key, cluster);
    }
    return cluster;
  }

  #seriesOf(peer: InboundPeer): EdgeSeries {
    return this.#options.metrics.edge({
      direction: 'inbound',
      peer: callerOf(peer),
      service: peer.target?.label ?? this.#destinationOf(peer),
      backend: '',
      security: 'mtls',
    });
  }

  #destinationOf(peer: InboundPeer): string {
    return `${this.#options.settings.workload}:${peer.port}`;
  }
}

function callerOf({ spiffeId }: InboundPeer): EdgeEnd {
  return endOfCaller(spiffeId, '');
}

function isSameTarget(one: InboundTarget | null, other: InboundTarget): boolean {
  if (one === other) return true;
  return one !== null && one.host === other.host && one.port === other.port && one.label === other.label;
}
