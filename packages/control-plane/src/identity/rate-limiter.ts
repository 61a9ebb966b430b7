import { TokenBucket, type TokenBucketOptions } from '@tulle/runtime';

export interface RateLimiterOptions extends TokenBucketOptions {
  /** How many keys are remembered; beyond it the one that was idle longest is forgotten. */
  readonly maxKeys: number;
}

/** A token bucket for each key. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** In order of last use. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /** Takes one token of the key's bucket; false where it is empty. */
  take(key: string): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#options);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#options.maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket.take();
  }

  /** Whether `take` would give one. */
  canTake(key: string): boolean {
    return this.#buckets.get(key)?.hasToken() ?? true;
  }
}
