import type { Clock } from '@tulle/runtime';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** How many keys are worked on at once. */
  readonly concurrency: number;
  /** Keys at most; further ones are not taken. */
  readonly maxKeys: number;
  /** Never rejects. */
  readonly work: (key: string) => Promise<void>;
}

/** Keys to be looked at, each at most once at a time: what comes meanwhile is one more look afterwards. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Set<string>();
  readonly #delayed = new Map<string, { readonly dueMs: number; cancel(): void }>();
  readonly #working = new Map<string, Promise<void>>();
  #isStopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Waiting, delayed and in work. */
  get depth(): number {
    return this.#ready.size + this.#delayed.size + this.#working.size;
  }

  /** False: the queue is full or stopped. A key that waits for its time is taken at once. */
  add(key: string): boolean {
    if (this.#isStopped || !this.#hasRoomFor(key)) return false;
    this.#cancelDelay(key);
    this.#ready.add(key);
    this.#next();
    return true;
  }

  /** The soonest of several counts. */
  addAfter(key: string, delayMs: number): boolean {
    if (this.#isStopped || !this.#hasRoomFor(key)) return false;
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    if (this.#ready.has(key) || (this.#delayed.get(key)?.dueMs ?? Number.POSITIVE_INFINITY) <= dueMs)
      return true;
    this.#cancelDelay(key);
    const cancel = clock.schedule(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, cancel });
    return true;
  }

  /** Drops what waits; resolves when what is in work has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#ready.clear();
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    await Promise.all(this.#working.values());
  }

  #hasRoomFor(key: string): boolean {
    return this.#ready.has(key) || this.#delayed.has(key) || this.depth < this.#options.maxKeys;
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  #next(): void {
    const { concurrency, work } = this.#options;
    for (const key of this.#ready) {
      if (this.#working.size >= concurrency) return;
      if (this.#working.has(key)) continue;
      this.#ready.delete(key);
      const done = work(key).finally(() => {
        this.#working.delete(key);
        this.#next();
      });
      this.#working.set(key, done);
    }
  }
}
