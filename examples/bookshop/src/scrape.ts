import { type Cast, edges, namespace, ports } from './cast.ts';
import { addBuckets, type CumulativeBuckets, subtractBuckets } from './latency-histogram.ts';
import { type MetricSample, parseMetrics } from './prometheus-text.ts';

/**
 * What the sidecars count of one edge: the calling one (answers, time, the identity that it verified at the
 * other end), and the receiving one (`callers`: the identities that it verified).
 */
export interface EdgeCounts {
  readonly source: string;
  readonly destination: string;
  readonly requests: number;
  /** Answers from 500 up. */
  readonly failures: number;
  readonly mtlsRequests: number;
  /** Answered, and not over mutual TLS. */
  readonly plainRequests: number;
  /** Requests by the service that the route chose: `catalog-v1`. */
  readonly byBackend: Readonly<Record<string, number>>;
  /** Requests by the peer's SPIFFE id. Empty where no peer was reached. */
  readonly byPeer: Readonly<Record<string, number>>;
  readonly callers: readonly string[];
  readonly latency: CumulativeBuckets;
}

/** Reads every sidecar's metrics page and adds them up by edge. */
export async function scrapeEdges(cast: Cast): Promise<readonly EdgeCounts[]> {
  const pages = await Promise.all(
    cast.pods.map(async ({ service, address }) => {
      const page = await fetch(`http://${address}:${ports.metrics}/metrics`, {
        signal: AbortSignal.timeout(3_000),
      });
      return { service, samples: parseMetrics(await page.text()) };
    }),
  );
  return edges.map(({ source, destination }) => {
    const sent = pages.filter(({ service }) => service === source).flatMap(({ samples }) => samples);
    const received = pages.filter(({ service }) => service === destination).flatMap(({ samples }) => samples);
    return countEdge({ source, destination }, sent, received);
  });
}

function countEdge(
  edge: { readonly source: string; readonly destination: string },
  sent: readonly MetricSample[],
  received: readonly MetricSample[],
): EdgeCounts {
  const byBackend: Record<string, number> = {};
  const byPeer: Record<string, number> = {};
  const latency = new Map<number, number>();
  const totals = { requests: 0, failures: 0, mtlsRequests: 0, plainRequests: 0 };
  for (const { name, labels, value } of sent) {
    if (labels.direction !== 'outbound' || serviceOf(labels.destination_service) !== edge.destination)
      continue;
    if (name === 'tulle_request_duration_seconds_bucket')
      addBuckets(
        latency,
        new Map([[labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le), value]]),
      );
    if (name !== 'tulle_requests_total') continue;
    totals.requests += value;
    const isFailure = Number(labels.code) >= 500 || Number(labels.code) === 0;
    if (isFailure) totals.failures += value;
    if (labels.security === 'mtls') totals.mtlsRequests += value;
    else if (!isFailure) totals.plainRequests += value;
    count(byBackend, serviceOf(labels.backend), value);
    count(byPeer, labels.destination_identity ?? '', value);
  }
  const callers = received
    .filter(({ name, labels }) => name === 'tulle_requests_total' && labels.direction === 'inbound')
    .filter(({ value }) => value > 0)
    .map(({ labels }) =>
      labels.security === 'mtls' ? (labels.source_identity ?? '') : `plain ${labels.source_workload}`,
    );
  return { ...edge, ...totals, byBackend, byPeer, latency, callers: [...new Set(callers)].sort() };
}

/** What came between two scrapes of the same edge. */
export function countsBetween(later: EdgeCounts, earlier: EdgeCounts): EdgeCounts {
  return {
    ...later,
    requests: later.requests - earlier.requests,
    failures: later.failures - earlier.failures,
    mtlsRequests: later.mtlsRequests - earlier.mtlsRequests,
    plainRequests: later.plainRequests - earlier.plainRequests,
    byBackend: subtract(later.byBackend, earlier.byBackend),
    byPeer: subtract(later.byPeer, earlier.byPeer),
    latency: subtractBuckets(later.latency, earlier.latency),
  };
}

function subtract(later: Readonly<Record<string, number>>, earlier: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(later).map(([key, value]) => [key, value - (earlier[key] ?? 0)]));
}

function count(into: Record<string, number>, key: string, value: number): void {
  if (key !== '') into[key] = (into[key] ?? 0) + value;
}

/** `catalog-v1` of `bookshop/catalog-v1:80`. */
function serviceOf(name: string | undefined): string {
  const match = name?.startsWith(`${namespace}/`) ? /^[^/]+\/([^:]+):\d+$/.exec(name) : null;
  return match?.[1] ?? '';
}
