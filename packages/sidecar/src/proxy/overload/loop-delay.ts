import { sweepIntervalMs } from '../sweep.ts';

/** A loop turn that makes a sweep late by so much: requests wait as long before anybody looks at them. */
const LATE_MS = 500;
/** Every sweep, for so long: not a collection of garbage, nor a process that was stopped for a moment. */
const SUSTAINED_MS = 5_000;
/** More in one sweep is a process that was stopped, or a clock that jumped. */
const ABSURD_MS = 30_000;
const STEP = 0.1;
const MAX_SHARE = 0.5;

/**
 * The delay of the event loop as a signal: which share of new requests to shed. The sweep is a timer, hence how
 * late it comes is how long everything waits; it costs nothing more. Never all of them: what is left must show
 * that the load has gone.
 */
export class LoopDelay {
  /** 0 to 0.5. */
  share = 0;
  lateMs = 0;
  #lastMs = -1;
  #lateSinceMs = -1;
  #owed = 0;

  onSweep(nowMs: number): void {
    const lateMs = this.#lastMs < 0 ? 0 : nowMs - this.#lastMs - sweepIntervalMs;
    this.#lastMs = nowMs;
    this.lateMs = Math.max(0, lateMs);
    if (lateMs < LATE_MS || lateMs > ABSURD_MS) {
      this.#lateSinceMs = -1;
      this.share = Math.max(0, this.share - STEP);
      return;
    }
    if (this.#lateSinceMs < 0) this.#lateSinceMs = nowMs;
    if (nowMs - this.#lateSinceMs >= SUSTAINED_MS) this.share = Math.min(MAX_SHARE, this.share + STEP);
  }

  /** True for the share of its calls. */
  takes(): boolean {
    if (this.share === 0) return false;
    this.#owed += this.share;
    if (this.#owed < 1) return false;
    this.#owed--;
    return true;
  }
}
