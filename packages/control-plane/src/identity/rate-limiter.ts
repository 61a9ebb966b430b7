import type { Clock } from '@tulle/runtime';

export interface RateLimiterOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** How many keys are remembered; beyond it the one that was idle longest is forgotten. */
  readonly maxKeys: number;
  readonly clock: Clock;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** A token bucket for each key. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** In order of last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /** Takes one token of the key's bucket; false where it is empty. */
  take(key: string): boolean {
    const { burst, maxKeys, clock } = this.#options;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledMs: clock.monotonicMs() };
    this.#fill(bucket);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Whether `take` would give one. */
  canTake(key: string): boolean {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return true;
    this.#fill(bucket);
    return bucket.tokens >= 1;
  }

  #fill(bucket: Bucket): void {
    const { perSecond, burst, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledMs) / 1_000) * perSecond);
    bucket.filledMs = nowMs;
  }
}
