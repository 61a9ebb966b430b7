import type { Counter, MetricsRegistry } from '@tulle/runtime';

export interface EventMetrics {
  readonly written: Counter;
  /** For want of a place in the rate. */
  readonly dropped: Counter;
  readonly failed: Counter;
}

const ofRegistry = new WeakMap<MetricsRegistry, EventMetrics>();

export function eventMetrics(registry: MetricsRegistry): EventMetrics {
  let metrics = ofRegistry.get(registry);
  if (metrics === undefined) {
    const family = registry.counter('tulle_kubernetes_events_total', 'Events for operators.', ['result']);
    metrics = {
      written: family.with('written'),
      dropped: family.with('dropped'),
      failed: family.with('failed'),
    };
    ofRegistry.set(registry, metrics);
  }
  return metrics;
}
