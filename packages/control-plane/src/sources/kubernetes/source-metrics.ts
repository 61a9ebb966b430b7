import type { MetricsRegistry } from '@tulle/runtime';
import type { KubernetesSource } from './kubernetes-source.ts';

/** What the source adds to the reflectors' own metrics. */
export function exposeKubernetesSource(registry: MetricsRegistry, source: KubernetesSource): void {
  const rejected = registry.gauge(
    'tulle_source_rejected_objects',
    'Objects of the cluster whose present version cannot be read.',
    ['kind'],
  );
  registry.onCollect(() => {
    for (const [kind, count] of source.rejectedCounts()) rejected.with(kind).set(count);
  });
}
