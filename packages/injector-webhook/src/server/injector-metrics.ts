import type { HistogramFamily, MetricsRegistry } from '@tulle/runtime';

export type InjectorMetrics = ReturnType<typeof createInjectorMetrics>;

const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5];

export function createInjectorMetrics(metrics: MetricsRegistry) {
  const duration: HistogramFamily = metrics.histogram(
    'tulle_injector_review_duration_seconds',
    'From the first byte of a review to its answer',
    durationBounds,
    ['webhook'],
  );
  return {
    duration,
    reviews: metrics.counter('tulle_injector_reviews_total', 'Reviews that were answered', [
      'webhook',
      'outcome',
      'reason',
    ]),
    refused: metrics.counter('tulle_injector_refused_total', 'Requests that got no review, by status', [
      'status',
    ]),
    certificateExpiry: metrics.gauge(
      'tulle_injector_certificate_expiry_timestamp_seconds',
      'When the serving certificate ends',
    ),
    certificateRenewals: metrics.counter(
      'tulle_injector_certificate_renewals_total',
      'Serving certificates that this replica has made, or failed to',
      ['result'],
    ),
    bundlePatches: metrics.counter(
      'tulle_injector_ca_bundle_patches_total',
      'Webhook configurations that were given the caBundle, or could not be',
      ['result'],
    ),
  };
}
