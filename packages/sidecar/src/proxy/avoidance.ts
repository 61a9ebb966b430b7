import type { Random } from '@tulle/runtime';

const FIRST_COOL_DOWN_MS = 1_000;
const MAX_COOL_DOWN_MS = 30_000;
/** Of a cool-down, so that callers who failed together do not come back together. */
const JITTER = 0.25;

/**
 * Whether an endpoint is passed over because it could not be reached. After a cool-down, which doubles from
 * failure to failure, one request may try it; it is back once a request that began later has been answered.
 */
export class Avoidance {
  isAvoided = false;
  /** Of the failure that it is avoided for: the first of those in a row. */
  sinceMs = 0;
  readonly #random: Random;
  #coolDownMs = 0;
  #untilMs = 0;
  #failedMs = 0;
  #isProbed = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** All that were under way fail with the first: they count once. */
  onUnreachable(nowMs: number): void {
    if (this.isAvoided && !this.#isProbed) return;
    const next = this.#coolDownMs === 0 ? FIRST_COOL_DOWN_MS : 2 * this.#coolDownMs;
    this.#coolDownMs = Math.min(next, MAX_COOL_DOWN_MS);
    if (!this.isAvoided) this.sinceMs = nowMs;
    this.isAvoided = true;
    this.#failedMs = nowMs;
    this.#rest(nowMs);
    this.#isProbed = false;
  }

  /** True once a cool-down: the caller is the one that tries it. */
  admitsProbe(nowMs: number): boolean {
    if (nowMs < this.#untilMs) return false;
    // A probe that nothing is heard of is followed by another.
    this.#rest(nowMs);
    this.#isProbed = true;
    return true;
  }

  /** A request that began at `startedMs` has been answered. */
  onAnswer(startedMs: number): void {
    if (startedMs > this.#failedMs) this.clear();
  }

  clear(): void {
    this.isAvoided = false;
    this.#isProbed = false;
    this.#coolDownMs = 0;
  }

  #rest(nowMs: number): void {
    this.#untilMs = nowMs + this.#coolDownMs * (1 - JITTER + 2 * JITTER * this.#random());
  }
}
