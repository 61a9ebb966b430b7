import type { Clock } from '@tulle/runtime';

/** Whatever has deadlines: looked at now and then, instead of a timer for each. */
export interface Swept {
  onSweep(nowMs: number): void;
}

export const sweepIntervalMs = 250;

/**
 * One timer for every deadline of the proxy: connections are visited in turn and compare two numbers.
 * Deadlines are therefore late by up to sweepIntervalMs.
 */
export class Sweep {
  /** Monotonic time as of the last sweep: for what needs no better than sweepIntervalMs. */
  nowMs: number;
  readonly #clock: Clock;
  readonly #swept = new Set<Swept>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.nowMs = clock.monotonicMs();
  }

  start(): void {
    this.nowMs = this.#clock.monotonicMs();
    this.#cancel ??= this.#clock.schedule(sweepIntervalMs, () => this.#run());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  add(swept: Swept): void {
    this.#swept.add(swept);
  }

  delete(swept: Swept): void {
    this.#swept.delete(swept);
  }

  #run(): void {
    this.#cancel = this.#clock.schedule(sweepIntervalMs, () => this.#run());
    this.nowMs = this.#clock.monotonicMs();
    for (const swept of this.#swept) swept.onSweep(this.nowMs);
  }
}
