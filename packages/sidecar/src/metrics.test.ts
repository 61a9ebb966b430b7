import { MetricsRegistry } from '@tulle/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { testMetrics } from './metrics/testing/test-metrics.ts';
import {
  defaultSeriesExpiryMs,
  type RequestEdgeLabels,
  type RequestMetrics,
  type RequestOutcome,
} from './metrics.ts';

const labels: RequestEdgeLabels = {
  direction: 'outbound',
  peer: { workload: 'cart', namespace: 'shop', identity: 'spiffe://cluster.local/ns/shop/sa/cart' },
  service: 'shop/cart:80',
  backend: 'shop/cart-v2:80',
  security: 'mtls',
};
const tcp = { ...labels, protocol: 'tcp' } as const;
const ok: RequestOutcome = { code: 200, flag: '', appMajor: 1, isGrpc: false, grpcStatus: -1 };
const minuteMs = 60_000;

let registry: MetricsRegistry;
let metrics: RequestMetrics;

beforeEach(() => {
  registry = new MetricsRegistry();
  metrics = testMetrics(registry);
  metrics.setOwn({ workload: 'web', namespace: 'shop', identity: 'spiffe://cluster.local/ns/shop/sa/web' });
});

/** The samples of one name, by those of their labels that `of` names. */
function samples(name: string, ...of: string[]): Record<string, number> {
  const lines = registry.render().split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => line.startsWith(`${name}{`))
      .map((line) => {
        const values = of.map((label) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1]);
        return [values.join(' '), Number(line.slice(line.lastIndexOf(' ')))];
      }),
  );
}

/** Lets time pass as the proxy's sweep does. */
function pass(fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += minuteMs) metrics.onSweep(nowMs);
}

describe('RequestMetrics', () => {
  it('counts both ends of an edge, this workload being the source of what goes out', () => {
    metrics.edge(labels).count(ok, 0.001);
    const inbound = { ...labels, direction: 'inbound', service: 'shop/web:80', backend: '' } as const;
    metrics.edge(inbound).count(ok, 0.001);
    const ends = [
      'direction',
      'source_workload',
      'source_identity',
      'destination_workload',
      'destination_service',
    ];
    expect(samples('tulle_requests_total', ...ends)).toEqual({
      'outbound web spiffe://cluster.local/ns/shop/sa/web cart shop/cart:80': 1,
      'inbound cart spiffe://cluster.local/ns/shop/sa/cart web shop/web:80': 1,
    });
    expect(samples('tulle_request_duration_seconds_count', 'direction', 'source_identity')).toEqual({
      'outbound ': 1,
      'inbound ': 1,
    });
  });

  it('tells protocols, codes, statuses of gRPC and flags apart, in any order', () => {
    const edge = metrics.edge(labels);
    const outcomes: RequestOutcome[] = [
      ok,
      { ...ok, appMajor: 2 },
      { ...ok, appMajor: 2, isGrpc: true, grpcStatus: 0 },
      { ...ok, appMajor: 2, isGrpc: true, grpcStatus: 14 },
      { ...ok, appMajor: 2, isGrpc: true },
      { ...ok, code: 503, flag: 'UH' },
      { ...ok, code: 503, flag: 'UO' },
      { ...ok, code: 503 },
    ];
    for (const outcome of [...outcomes, ...outcomes, ...outcomes.toReversed()]) edge.count(outcome, 0.001);
    expect(samples('tulle_requests_total', 'protocol', 'code', 'grpc_status', 'flag')).toEqual({
      'http1 200  ': 3,
      'http2 200  ': 3,
      'grpc 200 0 ': 3,
      'grpc 200 14 ': 3,
      'grpc 200  ': 3,
      'http1 503  UH': 3,
      'http1 503  UO': 3,
      'http1 503  ': 3,
    });
  });

  it('counts into the same series from several edges with the same labels', () => {
    metrics.edge(labels).count(ok, 0.001);
    metrics.edge({ ...labels }).count(ok, 0.001);
    expect(samples('tulle_requests_total', 'code')).toEqual({ 200: 2 });
  });

  it('drops what was not used for the expiry, and counts from zero where it is used again', () => {
    const idle = metrics.edge(labels);
    const busy = metrics.edge({ ...labels, service: 'shop/busy:80' });
    idle.count(ok, 0.001);
    for (let nowMs = 0; nowMs <= defaultSeriesExpiryMs + minuteMs; nowMs += minuteMs) {
      busy.count(ok, 0.001);
      metrics.onSweep(nowMs);
    }
    expect(samples('tulle_requests_total', 'destination_service')).toEqual({ 'shop/busy:80': 17 });
    expect(samples('tulle_request_duration_seconds_count', 'destination_service')).toEqual({
      'shop/busy:80': 17,
    });
    metrics.edge({ ...labels, service: 'shop/new:80' }).count(ok, 0.001);
    idle.count(ok, 0.001);
    expect(samples('tulle_requests_total', 'destination_service')).toEqual({
      'shop/busy:80': 17,
      'shop/new:80': 1,
      'shop/cart:80': 1,
    });
  });

  it('counts on under the new name when this workload learns who it is', () => {
    const edge = metrics.edge(labels);
    edge.count(ok, 0.001);
    metrics.setOwn({ workload: 'web-deployment' });
    edge.count(ok, 0.001);
    expect(samples('tulle_requests_total', 'source_workload')).toEqual({ web: 1, 'web-deployment': 1 });
  });

  it('shares one series among the edges for which there is no room, until there is', () => {
    const edges = Array.from({ length: 1_100 }, (_, i) =>
      metrics.edge({ ...labels, service: `shop/s${i}:80` }),
    );
    for (const edge of edges) edge.count(ok, 0.001);
    expect(samples('tulle_requests_total', 'direction').overflow).toBe(100);
    let nowMs = 0;
    for (; nowMs <= defaultSeriesExpiryMs + 2 * minuteMs; nowMs += minuteMs) {
      edges[1_099]!.count(ok, 0.001);
      metrics.onSweep(nowMs);
    }
    edges[1_099]!.count(ok, 0.001);
    expect(Object.keys(samples('tulle_requests_total', 'destination_service'))).toEqual(['shop/s1099:80']);
  });

  it('counts relayed connections, and keeps the series of those that are open however long', () => {
    const series = metrics.tcpEdge(tcp);
    series.opened();
    series.opened();
    series.transferred(10, 0);
    series.closed('UF', 5, 0);
    pass(0, 2 * defaultSeriesExpiryMs);
    metrics.setOwn({ workload: 'web-deployment' });
    series.closed('', 100, 1_000);
    const of = ['source_workload', 'protocol', 'security'];
    expect(samples('tulle_tcp_connections_opened_total', ...of)).toEqual({ 'web tcp mtls': 2 });
    expect(samples('tulle_tcp_connections_closed_total', ...of, 'flag')).toEqual({
      'web tcp mtls UF': 1,
      'web tcp mtls ': 1,
    });
    expect(samples('tulle_tcp_sent_bytes_total', ...of)).toEqual({ 'web tcp mtls': 115 });
    expect(samples('tulle_tcp_received_bytes_total', ...of)).toEqual({ 'web tcp mtls': 1_000 });
    pass(3 * defaultSeriesExpiryMs, 5 * defaultSeriesExpiryMs);
    expect(samples('tulle_tcp_connections_opened_total')).toEqual({});
    series.opened();
    expect(samples('tulle_tcp_connections_opened_total', ...of)).toEqual({ 'web-deployment tcp mtls': 1 });
  });
});
