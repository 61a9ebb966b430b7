import type { Counter, HistogramFamily, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

export interface TokenReviewMetrics {
  /** By result: `accepted`, `refused`; `failed`: nobody could tell. */
  readonly reviews: SeriesFamily<Counter>;
  readonly duration: HistogramFamily;
}

export function createTokenReviewMetrics(registry: MetricsRegistry): TokenReviewMetrics {
  return {
    reviews: registry.counter('tulle_token_reviews_total', 'Tokens that the API server was asked about.', [
      'result',
    ]),
    duration: registry.histogram(
      'tulle_token_review_duration_seconds',
      'How long the API server took to review a token.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    ),
  };
}
