import type { Swept } from './sweep.ts';

const WINDOW_SECONDS = 10;
const RATIO = 0.2;
const FLOOR_PER_SECOND = 10;

/**
 * How many requests may be sent again: a fifth of those of the last ten seconds, and ten a second beside, so
 * that retries cannot multiply a load that is too high already. As linkerd's default
 * (https://linkerd.io/2/features/retries-and-timeouts/, retryRatio, minRetriesPerSecond and ttl).
 */
export class RetryBudget implements Swept {
  /** By second, in a ring. */
  readonly #requests = new Int32Array(WINDOW_SECONDS);
  readonly #retries = new Int32Array(WINDOW_SECONDS);
  #requestSum = 0;
  /** Not in the ring yet: a request costs one addition (`proxy-exchange`). */
  #fresh = 0;
  #retrySum = 0;
  #second: number;
  #slot = 0;

  constructor(nowMs: number) {
    this.#second = Math.floor(nowMs / 1_000);
  }

  onRequest(): void {
    this.#fresh++;
  }

  /** False: it is exhausted. */
  take(): boolean {
    const requests = this.#requestSum + this.#fresh;
    if (this.#retrySum >= FLOOR_PER_SECOND * WINDOW_SECONDS + RATIO * requests) return false;
    this.#retries[this.#slot]!++;
    this.#retrySum++;
    return true;
  }

  /** What is older than the window is forgotten. */
  onSweep(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    const passed = Math.min(second - this.#second, WINDOW_SECONDS);
    this.#second = second;
    this.#requests[this.#slot]! += this.#fresh;
    this.#requestSum += this.#fresh;
    this.#fresh = 0;
    for (let i = 0; i < passed; i++) {
      this.#slot = (this.#slot + 1) % WINDOW_SECONDS;
      this.#requestSum -= this.#requests[this.#slot]!;
      this.#retrySum -= this.#retries[this.#slot]!;
      this.#requests[this.#slot] = 0;
      this.#retries[this.#slot] = 0;
    }
  }
}
