import type { Clock } from './clock.ts';

export interface TokenBucketOptions {
  readonly burst: number;
  readonly perSecond: number;
  readonly clock: Clock;
}

/** Lets a burst through, then so many a second; full again after a quiet time. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledMs = options.clock.monotonicMs();
  }

  /** Whether there was one. */
  take(): boolean {
    if (!this.hasToken()) return false;
    this.#tokens--;
    return true;
  }

  /** Whether `take` would get one. */
  hasToken(): boolean {
    const { burst, perSecond, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledMs) * perSecond) / 1_000);
    this.#filledMs = nowMs;
    return this.#tokens >= 1;
  }
}
