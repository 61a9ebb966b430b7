/** Metrics of the request path: names, labels and buckets. Those of the control side are in control-metrics.ts. */
import type { Counter, Histogram, LabelValues, MetricsRegistry, SeriesFamily } from '@tulle/runtime';
import { EdgeGroup, EdgeSeries } from './metrics/edge-series.ts';
import { PoolGroup, PoolSeries } from './metrics/pool-series.ts';
import { SeriesGroups } from './metrics/series-groups.ts';
import { TcpGroup, TcpSeries } from './metrics/tcp-series.ts';

export type { EdgeSeries, RequestOutcome } from './metrics/edge-series.ts';
export type { PoolSeries } from './metrics/pool-series.ts';
export type { TcpSeries } from './metrics/tcp-series.ts';

/** Seconds. From half a millisecond, fine where a mesh lives, to ten seconds. */
const durationBounds = [
  0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const endLabels = [
  'direction',
  'source_workload',
  'source_namespace',
  'source_identity',
  'destination_workload',
  'destination_namespace',
  'destination_identity',
  'destination_service',
];
const requestLabels = [...endLabels, 'backend', 'security', 'protocol', 'code', 'grpc_status', 'flag'];
const durationLabels = endLabels.filter((label) => !label.endsWith('_identity'));
const tcpLabels = [...endLabels, 'security', 'protocol'];

/** Seconds. A client's first bytes mostly come with its connection; the longest wait is a second. */
const detectionBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export type DetectionResult = 'http' | 'tls' | 'bytes' | 'server_first';

/** Edges at once; those beyond share one whose labels all read `overflow`. */
const MAX_EDGES = 1_000;
const SWEEP_MS = 30_000;
export const defaultSeriesExpiryMs = 900_000;

/** One end of an edge. What is not known is `unknown`; nobody's identity is empty. */
export interface EdgeEnd {
  /** The name of the owner: a Deployment's, not a pod's. */
  readonly workload: string;
  readonly namespace: string;
  /** The SPIFFE ID. */
  readonly identity: string;
}

/** What the series of an edge have in common, beside this workload's own end of it. */
export interface EdgeLabels {
  readonly direction: 'inbound' | 'outbound';
  /** The other end: the source of an inbound edge, the destination of an outbound one. */
  readonly peer: EdgeEnd;
  /** `<namespace>/<service>:<port>` that was asked for, or `unknown`; inbound the service or port that was reached. */
  readonly service: string;
  readonly security: 'mtls' | 'plain';
}

export interface RequestEdgeLabels extends EdgeLabels {
  /** `<namespace>/<service>:<port>` that the route chose; inbound none. */
  readonly backend: string;
}

export interface TcpEdgeLabels extends EdgeLabels {
  readonly protocol: 'tcp' | 'tls';
}

export const unknownEnd: EdgeEnd = { workload: 'unknown', namespace: 'unknown', identity: '' };

/** Of a connection: to applications' clients, to peers' sidecars, or to an endpoint. */
export type ConnectionSide = 'inbound' | 'outbound' | 'upstream';

export interface ConnectionCounts {
  /** Open connections of each side. */
  inbound(): number;
  outbound(): number;
  upstream(): number;
  /** Requests that wait for a connection to an endpoint. */
  pending(): number;
  /** Of those upstream, left to a large body each. */
  bulk(): number;
  /** Endpoints that are passed over because they could not be reached. */
  avoided(): number;
}

/** What became of a request that could have been sent again. */
export type RetryResult = 'sent' | 'over_budget' | 'no_endpoint';

/** Of a request that waited for its service to have an endpoint again. */
export type EndpointWaitResult = 'found' | 'in_vain' | 'overflow';

export class RequestMetrics {
  readonly #edges: SeriesGroups<EdgeGroup>;
  readonly #tcpEdges: SeriesGroups<TcpGroup>;
  readonly #pools: SeriesGroups<PoolGroup>;
  readonly #handshakes: SeriesFamily<Counter>;
  readonly #refused: SeriesFamily<Counter>;
  readonly #limited: SeriesFamily<Counter>;
  readonly #protocolErrors: SeriesFamily<Counter>;
  readonly #retries: SeriesFamily<Counter>;
  readonly #endpointWaits: SeriesFamily<Counter>;
  readonly #detections: SeriesFamily<Histogram>;
  readonly #expiryMs: number;
  #own = unknownEnd;
  #nowMs = 0;
  #sweptMs = 0;

  constructor(
    registry: MetricsRegistry,
    connections: ConnectionCounts,
    seriesExpiryMs: number = defaultSeriesExpiryMs,
  ) {
    this.#expiryMs = seriesExpiryMs;
    this.#edges = edgeGroups(registry, () => this.#nowMs);
    this.#tcpEdges = tcpGroups(registry, () => this.#nowMs);
    this.#pools = poolGroups(registry, () => this.#nowMs);
    this.#handshakes = registry.counter(
      'tulle_tls_handshakes_total',
      'Handshakes between sidecars, by how they ended.',
      ['side', 'result', 'reason'],
    );
    this.#refused = registry.counter('tulle_connections_refused_total', 'Connections refused, by reason.', [
      'direction',
      'reason',
    ]);
    this.#retries = registry.counter(
      'tulle_retries_total',
      'Requests lost by an endpoint that could be sent again: sent, or why not.',
      ['direction', 'result'],
    );
    this.#endpointWaits = registry.counter(
      'tulle_endpoint_waits_total',
      'Requests to a service that had just lost its last endpoint, by whether another came in time.',
      ['result'],
    );
    this.#detections = registry.histogram(
      'tulle_detection_duration_seconds',
      'From the acceptance of a captured connection until it was known what it carries.',
      detectionBounds,
      ['direction', 'result'],
    );
    this.#limited = registry.counter(
      'tulle_http_limits_exceeded_total',
      'Streams or connections ended because the peer exceeded a bound of the codec.',
      ['side', 'limit'],
    );
    this.#protocolErrors = registry.counter(
      'tulle_http2_errors_total',
      'Rules of HTTP/2 that peers broke, by error code.',
      ['side', 'code'],
    );
    const pending = registry
      .gauge('tulle_pool_requests_pending', 'Requests that wait for a connection.')
      .with();
    const open = registry.gauge('tulle_connections_open', 'Open connections.', ['side']);
    const bulk = registry
      .gauge('tulle_bulk_connections_open', 'Upstream connections left to a large body.')
      .with();
    const avoided = registry
      .gauge('tulle_endpoints_avoided', 'Endpoints passed over because they could not be reached.')
      .with();
    registry.onCollect(() => {
      bulk.set(connections.bulk());
      avoided.set(connections.avoided());
      pending.set(connections.pending());
      open.with('inbound').set(connections.inbound());
      open.with('outbound').set(connections.outbound());
      open.with('upstream').set(connections.upstream());
    });
  }

  /** This workload. */
  get own(): EdgeEnd {
    return this.#own;
  }

  /** Who this workload is, as far as it is known by now. */
  setOwn(own: Partial<EdgeEnd>): void {
    const { workload, namespace, identity } = { ...this.#own, ...own };
    const before = this.#own;
    if (workload === before.workload && namespace === before.namespace && identity === before.identity)
      return;
    this.#own = { workload, namespace, identity };
    this.#edges.outdate();
    this.#tcpEdges.outdate();
  }

  edge(labels: RequestEdgeLabels): EdgeSeries {
    return new EdgeSeries(this.#edges, () => [...this.#labelsOf(labels), labels.backend, labels.security]);
  }

  /** For a connection that is relayed as bytes. */
  tcpEdge(labels: TcpEdgeLabels): TcpSeries {
    return new TcpSeries(this.#tcpEdges, () => [...this.#labelsOf(labels), labels.security, labels.protocol]);
  }

  /** Of the endpoints that a cluster was the first to list. */
  pool(cluster: string): PoolSeries {
    return new PoolSeries(this.#pools, cluster);
  }

  handshake(side: 'inbound' | 'upstream', isResumed: boolean): void {
    this.#handshakes.with(side, isResumed ? 'resumed' : 'full', '').inc();
  }

  /** `reason` is one of a fixed set. */
  handshakeFailed(side: 'inbound' | 'upstream', reason: string): void {
    this.#handshakes.with(side, 'failed', reason).inc();
  }

  refused(direction: 'inbound' | 'outbound', reason: string): void {
    this.#refused.with(direction, reason).inc();
  }

  /** `result`: what a captured connection turned out to carry, and who spoke first where its client did not. */
  detected(direction: 'inbound' | 'outbound', result: DetectionResult, seconds: number): void {
    this.#detections.with(direction, result).observe(seconds);
  }

  limited(side: ConnectionSide, limit: string): void {
    this.#limited.with(side, limit).inc();
  }

  protocolError(side: ConnectionSide, code: number): void {
    this.#protocolErrors.with(side, String(code)).inc();
  }

  retried(direction: ConnectionSide, result: RetryResult): void {
    this.#retries.with(direction, result).inc();
  }

  waitedForEndpoint(result: EndpointWaitResult): void {
    this.#endpointWaits.with(result).inc();
  }

  /** Drops what nobody has used for long. */
  onSweep(nowMs: number): void {
    this.#nowMs = nowMs;
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    this.#edges.sweep(nowMs, this.#expiryMs);
    this.#tcpEdges.sweep(nowMs, this.#expiryMs);
    this.#pools.sweep(nowMs, this.#expiryMs);
  }

  #labelsOf({ direction, peer, service }: EdgeLabels): LabelValues {
    const own = this.#own;
    const [source, destination] = direction === 'inbound' ? [peer, own] : [own, peer];
    return [
      direction,
      source.workload,
      source.namespace,
      source.identity,
      destination.workload,
      destination.namespace,
      destination.identity,
      service,
    ];
  }
}

function edgeGroups(registry: MetricsRegistry, nowMs: () => number): SeriesGroups<EdgeGroup> {
  const families = {
    requests: registry.counter('tulle_requests_total', 'Requests answered, or given up.', requestLabels),
    duration: registry.histogram(
      'tulle_request_duration_seconds',
      'From the head of the request to the end of the response.',
      durationBounds,
      durationLabels,
    ),
  };
  return new SeriesGroups(MAX_EDGES, (labels) => new EdgeGroup(labels, families, nowMs()));
}

function poolGroups(registry: MetricsRegistry, nowMs: () => number): SeriesGroups<PoolGroup> {
  const counter = (name: string, help: string) =>
    registry.counter(`tulle_pool_${name}_total`, help, ['cluster']);
  const families = {
    opened: counter('connections_opened', 'Connections begun to endpoints.'),
    failed: counter('connections_failed', 'Connections to endpoints that never stood.'),
    reused: counter('requests_reused', 'Requests that found a connection opened for another one.'),
    overflowed: counter('requests_overflowed', 'Requests refused because too many waited for an endpoint.'),
    timedOut: counter('requests_timed_out', 'Requests that waited for an endpoint too long.'),
  };
  return new SeriesGroups(MAX_EDGES, (labels) => new PoolGroup(labels, families, nowMs()));
}

function tcpGroups(registry: MetricsRegistry, nowMs: () => number): SeriesGroups<TcpGroup> {
  const counter = (name: string, help: string, labels = tcpLabels) =>
    registry.counter(`tulle_tcp_${name}_total`, help, labels);
  const families = {
    opened: counter('connections_opened', 'Connections relayed as bytes.'),
    closed: counter('connections_closed', 'Of those, the ones that have ended, by flag.', [
      ...tcpLabels,
      'flag',
    ]),
    sent: counter('sent_bytes', 'Bytes that the opening ends of relayed connections sent.'),
    received: counter('received_bytes', 'Bytes that the opening ends of relayed connections received.'),
  };
  return new SeriesGroups(MAX_EDGES, (labels) => new TcpGroup(labels, families, nowMs()));
}
