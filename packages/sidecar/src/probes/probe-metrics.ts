import type { Counter, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

export interface ProbeMetrics {
  /** By probe (`<container>/<kind>`) and outcome. */
  readonly probes: SeriesFamily<Counter>;
}

export function createProbeMetrics(registry: MetricsRegistry): ProbeMetrics {
  return {
    probes: registry.counter(
      'tulle_probes_total',
      "Probes of the application that were made in kubelet's place.",
      ['probe', 'outcome'],
    ),
  };
}
