/** A bucket of tokens: `burst` at once, refilled at `burst` a second. */
export class RateLimit {
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(burst: number, nowMs: number) {
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** False: there were none left. */
  take(nowMs: number): boolean {
    if (nowMs > this.#atMs) {
      this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) * this.#burst) / 1000);
      this.#atMs = nowMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
