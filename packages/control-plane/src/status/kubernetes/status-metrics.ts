import type { Counter, Gauge, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

/** What writing statuses counts; `kind` is the object's. */
export interface StatusMetrics {
  readonly writes: SeriesFamily<Counter>;
  /** Looked at and found as it should be. */
  readonly skipped: SeriesFamily<Counter>;
  readonly conflicts: SeriesFamily<Counter>;
  readonly failures: SeriesFamily<Counter>;
  readonly queueDepth: Gauge;
  readonly silentReplicas: Gauge;
}

export function createStatusMetrics(registry: MetricsRegistry): StatusMetrics {
  const byKind = (name: string, help: string) => registry.counter(`tulle_status_${name}`, help, ['kind']);
  const gauge = (name: string, help: string) => registry.gauge(`tulle_status_${name}`, help).with();
  return {
    writes: byKind('writes_total', 'Statuses written.'),
    skipped: byKind('skipped_total', 'Statuses looked at that were as they should be.'),
    conflicts: byKind('conflicts_total', 'Writes that met a change by somebody else and were made anew.'),
    failures: byKind('failures_total', 'Writes that failed and are tried again later.'),
    queueDepth: gauge('queue_depth', 'Objects whose status is to be looked at.'),
    silentReplicas: gauge('silent_replicas', 'Replicas that do not tell how far their proxies are.'),
  };
}
