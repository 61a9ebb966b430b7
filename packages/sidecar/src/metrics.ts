import type { Counter, Histogram, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

/** Metrics of the request path: names, labels and buckets. Those of the control side are in control-metrics.ts. */

/** Seconds. From half a millisecond, fine where a mesh lives, to ten seconds. */
const durationBounds = [
  0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What the series of an edge have in common; code and flag vary from request to request. */
export interface EdgeLabels {
  readonly direction: 'inbound' | 'outbound';
  /** Outbound: this workload. Inbound: the peer's SPIFFE ID, or `unknown`. */
  readonly source: string;
  /** `<namespace>/<service>:<port>` asked for; inbound `<namespace>/<pod>:<port>`. */
  readonly destination: string;
  /** `<namespace>/<service>:<port>` that the route chose; inbound the services that lead here. */
  readonly backend: string;
  /** The SPIFFE ID spoken to. */
  readonly peer: string;
  readonly security: 'mtls' | 'plain';
}

/** Statuses are three digits. */
const MAX_CODE = 600;

/** The series of one edge, held where the edge is, so that a request pays two array accesses. */
export class EdgeSeries {
  readonly #labels: EdgeLabels;
  readonly #requests: SeriesFamily<Counter>;
  readonly #duration: Histogram;
  readonly #plain: (Counter | undefined)[] = [];

  constructor(labels: EdgeLabels, requests: SeriesFamily<Counter>, duration: Histogram) {
    this.#labels = labels;
    this.#requests = requests;
    this.#duration = duration;
  }

  count(code: number, flag: string, seconds: number): void {
    this.#duration.observe(seconds);
    if (flag !== '' || code >= MAX_CODE) {
      this.#make(code, flag).inc();
      return;
    }
    const counter = this.#plain[code];
    if (counter !== undefined) counter.value++;
    else {
      const made = this.#make(code, flag);
      this.#plain[code] = made;
      made.value++;
    }
  }

  #make(code: number, flag: string): Counter {
    const { direction, source, destination, backend, peer, security } = this.#labels;
    return this.#requests.with(direction, source, destination, backend, peer, security, String(code), flag);
  }
}

/** Of a connection: to applications' clients, to peers' sidecars, or to an endpoint. */
export type ConnectionSide = 'inbound' | 'outbound' | 'upstream';

export interface ConnectionCounts {
  /** Open connections of each side. */
  inbound(): number;
  outbound(): number;
  upstream(): number;
}

export class RequestMetrics {
  readonly #requests: SeriesFamily<Counter>;
  readonly #duration: SeriesFamily<Histogram>;
  readonly #refused: SeriesFamily<Counter>;
  readonly #limited: SeriesFamily<Counter>;
  readonly #protocolErrors: SeriesFamily<Counter>;
  readonly #retries: Counter;

  constructor(registry: MetricsRegistry, connections: ConnectionCounts) {
    this.#requests = registry.counter('tulle_requests_total', 'Requests answered, or given up.', [
      'direction',
      'source',
      'destination',
      'backend',
      'peer',
      'security',
      'code',
      'flag',
    ]);
    this.#duration = registry.histogram(
      'tulle_request_duration_seconds',
      'From the head of the request to the end of the response.',
      durationBounds,
      ['direction', 'source', 'destination', 'backend'],
    );
    this.#refused = registry.counter('tulle_connections_refused_total', 'Connections refused, by reason.', [
      'direction',
      'reason',
    ]);
    this.#retries = registry
      .counter('tulle_connection_retries_total', 'Requests sent again: the endpoint had not processed them.')
      .with();
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
    const open = registry.gauge('tulle_connections_open', 'Open connections.', ['side']);
    registry.onCollect(() => {
      open.with('inbound').set(connections.inbound());
      open.with('outbound').set(connections.outbound());
      open.with('upstream').set(connections.upstream());
    });
  }

  edge(labels: EdgeLabels): EdgeSeries {
    const { direction, source, destination, backend } = labels;
    return new EdgeSeries(
      labels,
      this.#requests,
      this.#duration.with(direction, source, destination, backend),
    );
  }

  refused(direction: 'inbound' | 'outbound', reason: string): void {
    this.#refused.with(direction, reason).inc();
  }

  limited(side: ConnectionSide, limit: string): void {
    this.#limited.with(side, limit).inc();
  }

  protocolError(side: ConnectionSide, code: number): void {
    this.#protocolErrors.with(side, String(code)).inc();
  }

  retried(): void {
    this.#retries.value++;
  }
}
