import type { Clock } from './clock.ts';
import type { Component } from './component.ts';

export interface PollerOptions {
  readonly name: string;
  readonly read: () => Promise<void>;
  readonly onFailed: (thrown: unknown) => void;
  /** Asked after each reading: how soon the next one is. */
  readonly intervalMs: () => number;
  readonly clock: Clock;
}

/** Reads once before it has started, and again so long after each reading, whether that failed or not. */
export class Poller implements Component {
  readonly name: string;
  readonly #options: PollerOptions;
  #isRunning = false;
  #cancel = () => {};

  constructor(options: PollerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#read();
  }

  /** Does not wait for a reading that is under way. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
  }

  async #read(): Promise<void> {
    const { read, onFailed, intervalMs, clock } = this.#options;
    await read().catch(onFailed);
    if (this.#isRunning) this.#cancel = clock.schedule(intervalMs(), () => void this.#read());
  }
}
