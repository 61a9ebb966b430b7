import type { Clock } from '@tulle/runtime';

/** Changes of different kinds that belong together arrive a moment apart, each by a watch of its own. */
const quietMs = 5;
/** How long a change may wait for the end of a burst, */
const maxWaitMs = 50;
/** or longer where what follows a change takes so long that it would fill the loop: it gets a third of it, */
const restFactor = 2;
/** or more, where it takes very long: what waited for that has its turn well within this, and a lone change is not held up. */
const maxRestMs = 250;

/**
 * When changes are passed on. A lone change waits for `quietMs`; a storm is passed on in steps, of which each is
 * followed by twice the time that it took, up to `maxRestMs`, so that streams and health checks are served in between.
 */
export class PublishSchedule {
  readonly #clock: Clock;
  readonly #publish: () => void;
  #firstMs = 0;
  #lastMs = 0;
  #restUntilMs = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, publish: () => void) {
    this.#clock = clock;
    this.#publish = publish;
  }

  poke(): void {
    this.#lastMs = this.#clock.monotonicMs();
    if (this.#cancelTimer !== null) return;
    this.#firstMs = this.#lastMs;
    this.#arm();
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #arm(): void {
    const delayMs = Math.max(this.#dueMs() - this.#clock.monotonicMs(), 0);
    this.#cancelTimer = this.#clock.schedule(delayMs, () => this.#onTimer());
  }

  #dueMs(): number {
    const settledMs = Math.min(this.#lastMs + quietMs, this.#firstMs + maxWaitMs);
    return Math.max(settledMs, this.#restUntilMs);
  }

  #onTimer(): void {
    const startMs = this.#clock.monotonicMs();
    // Timers may fire a fraction of a millisecond early by the monotonic clock.
    if (this.#dueMs() - startMs >= 1) {
      this.#arm();
      return;
    }
    this.#cancelTimer = null;
    try {
      this.#publish();
    } finally {
      const endMs = this.#clock.monotonicMs();
      this.#restUntilMs = endMs + Math.min((endMs - startMs) * restFactor, maxRestMs);
    }
  }
}
