import type { Clock } from '@tulle/runtime';

export interface DebounceOptions {
  /** Run when nothing has happened for this long, */
  readonly quietMs: number;
  /** or this long after the first event. */
  readonly maxMs: number;
}

/** Runs once for a burst of events. An event costs two assignments: the timer is not set anew for each. */
export class Debouncer {
  readonly #clock: Clock;
  readonly #options: DebounceOptions;
  readonly #run: (firstEventMs: number) => void;
  #firstMs = 0;
  #lastMs = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, options: DebounceOptions, run: (firstEventMs: number) => void) {
    this.#clock = clock;
    this.#options = options;
    this.#run = run;
  }

  poke(): void {
    this.#lastMs = this.#clock.monotonicMs();
    if (this.#cancelTimer !== null) return;
    this.#firstMs = this.#lastMs;
    this.#arm(Math.min(this.#options.quietMs, this.#options.maxMs));
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #arm(delayMs: number): void {
    this.#cancelTimer = this.#clock.schedule(delayMs, () => this.#onTimer());
  }

  #onTimer(): void {
    const dueMs = Math.min(this.#lastMs + this.#options.quietMs, this.#firstMs + this.#options.maxMs);
    const leftMs = dueMs - this.#clock.monotonicMs();
    // Timers may fire a fraction of a millisecond early by the monotonic clock.
    if (leftMs >= 1) {
      this.#arm(leftMs);
      return;
    }
    this.#cancelTimer = null;
    this.#run(this.#firstMs);
  }
}
