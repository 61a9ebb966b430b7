export interface LineLimits {
  /** At once, after a quiet time. */
  readonly burst: number;
  /** From then on. */
  readonly perSecond: number;
}

/** How many lines may be written: a bucket of tokens. */
export class LineBudget {
  readonly #limits: LineLimits;
  #left: number;
  #filledMs: number;

  constructor(limits: LineLimits, nowMs: number) {
    this.#limits = limits;
    this.#left = limits.burst;
    this.#filledMs = nowMs;
  }

  /** False: it is exhausted. */
  take(nowMs: number): boolean {
    const { burst, perSecond } = this.#limits;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#filledMs) / 1_000) * perSecond);
    this.#filledMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
