import type { Counter, HistogramFamily, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

/** Requests to the API server, watches apart. */
export interface ClientMetrics {
  /** By method and code: the HTTP status, or the reason where there was no response. */
  readonly requests: SeriesFamily<Counter>;
  readonly duration: HistogramFamily;
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ofRegistry = new WeakMap<MetricsRegistry, ClientMetrics>();

/** Made once a registry, however many clients there are. */
export function clientMetrics(registry: MetricsRegistry): ClientMetrics {
  let metrics = ofRegistry.get(registry);
  if (metrics === undefined) {
    metrics = {
      requests: registry.counter('tulle_kubernetes_requests_total', 'Requests to the API server.', [
        'method',
        'code',
      ]),
      duration: registry.histogram(
        'tulle_kubernetes_request_duration_seconds',
        'How long the API server took to answer, watches apart.',
        bounds,
        ['method'],
      ),
    };
    ofRegistry.set(registry, metrics);
  }
  return metrics;
}
