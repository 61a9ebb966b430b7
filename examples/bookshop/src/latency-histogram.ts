/** A latency histogram as Prometheus counts it: how many were at most so many seconds, by bound. */
export type CumulativeBuckets = ReadonlyMap<number, number>;

/** Adds `buckets` to `into`, bound by bound. */
export function addBuckets(into: Map<number, number>, buckets: CumulativeBuckets): void {
  for (const [bound, count] of buckets) into.set(bound, (into.get(bound) ?? 0) + count);
}

/** What came between two readings of the same histogram. */
export function subtractBuckets(later: CumulativeBuckets, earlier: CumulativeBuckets): CumulativeBuckets {
  return new Map([...later].map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)]));
}

/**
 * A quantile in milliseconds, linear within its bucket (as PromQL's histogram_quantile); null where nothing
 * was counted. What lies beyond the last bound is given as that bound.
 */
export function quantileMs(buckets: CumulativeBuckets, quantile: number): number | null {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const total = buckets.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total === 0) return null;
  const rank = quantile * total;
  let lowerBound = 0;
  let lowerCount = 0;
  for (const bound of bounds) {
    const count = buckets.get(bound)!;
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lowerBound * 1_000;
      const part = count === lowerCount ? 1 : (rank - lowerCount) / (count - lowerCount);
      return (lowerBound + (bound - lowerBound) * part) * 1_000;
    }
    lowerBound = bound;
    lowerCount = count;
  }
  return lowerBound * 1_000;
}
