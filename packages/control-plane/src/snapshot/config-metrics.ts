import type { Counter, Gauge, Histogram, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

/** What the way from resources to a snapshot counts; the names live here alone. */
export interface ConfigMetrics {
  /** `result`: replaced, unchanged, rejected, failed. */
  readonly updates: SeriesFamily<Counter>;
  readonly updateSeconds: Histogram;
  /** `severity`: error, warning. */
  readonly faults: SeriesFamily<Gauge>;
  readonly resources: SeriesFamily<Gauge>;
  readonly sequence: Gauge;
  readonly lastUpdate: Gauge;
}

const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function createConfigMetrics(registry: MetricsRegistry): ConfigMetrics {
  const gauge = (name: string, help: string) => registry.gauge(`tulle_config_${name}`, help).with();
  return {
    updates: registry.counter('tulle_config_updates_total', 'Runs from resources to a snapshot.', ['result']),
    updateSeconds: registry
      .histogram(
        'tulle_config_update_seconds',
        'From a change of the resources to its snapshot.',
        secondsBounds,
      )
      .with(),
    faults: registry.gauge('tulle_config_faults', 'Faults in the configuration at this moment.', [
      'severity',
    ]),
    resources: registry.gauge('tulle_config_resources', 'Resources in the snapshot.', ['type']),
    sequence: gauge('snapshot_sequence', 'Counts the snapshots of this process.'),
    lastUpdate: gauge('last_update_timestamp_seconds', 'When the snapshot was last replaced.'),
  };
}
