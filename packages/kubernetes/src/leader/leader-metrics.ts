import type { Counter, Gauge, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

export interface LeaderMetrics {
  readonly isLeader: Gauge;
  readonly transitions: Counter;
  readonly failures: Counter;
}

interface Families {
  readonly isLeader: SeriesFamily<Gauge>;
  readonly transitions: SeriesFamily<Counter>;
  readonly failures: SeriesFamily<Counter>;
}

const ofRegistry = new WeakMap<MetricsRegistry, Families>();

export function leaderMetrics(registry: MetricsRegistry, lease: string): LeaderMetrics {
  let families = ofRegistry.get(registry);
  if (families === undefined) {
    families = {
      isLeader: registry.gauge('tulle_leader', '1 where this process leads.', ['lease']),
      transitions: registry.counter(
        'tulle_leader_transitions_total',
        'Leadership that this process got or lost.',
        ['lease'],
      ),
      failures: registry.counter('tulle_leader_failures_total', 'Leases that could not be read or written.', [
        'lease',
      ]),
    };
    ofRegistry.set(registry, families);
  }
  return {
    isLeader: families.isLeader.with(lease),
    transitions: families.transitions.with(lease),
    failures: families.failures.with(lease),
  };
}
