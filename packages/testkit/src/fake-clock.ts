import type { Clock } from '@tulle/runtime';

interface ScheduledTask {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that stands still until `advance` is called. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #order = 0;
  readonly #startMs: number;
  readonly #tasks = new Set<ScheduledTask>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const task = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  /** How many tasks wait: 0 shows that what was stopped left no timer behind. */
  get pendingTasks(): number {
    return this.#tasks.size;
  }

  /** Moves time on and runs what falls due on the way, in order, each at its own moment. */
  advance(byMs: number): void {
    const endMs = this.#elapsedMs + byMs;
    for (let task = this.#nextDue(endMs); task !== null; task = this.#nextDue(endMs)) {
      this.#tasks.delete(task);
      this.#elapsedMs = Math.max(this.#elapsedMs, task.dueMs);
      task.run();
    }
    this.#elapsedMs = endMs;
  }

  /** As `advance`, and lets promises settle before and after each task. */
  async advanceAsync(byMs: number): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    await settle();
    for (let task = this.#nextDue(endMs); task !== null; task = this.#nextDue(endMs)) {
      this.#tasks.delete(task);
      this.#elapsedMs = Math.max(this.#elapsedMs, task.dueMs);
      task.run();
      await settle();
    }
    this.#elapsedMs = endMs;
  }

  #nextDue(endMs: number): ScheduledTask | null {
    let next: ScheduledTask | null = null;
    for (const task of this.#tasks) {
      if (task.dueMs > endMs) continue;
      if (
        next === null ||
        task.dueMs < next.dueMs ||
        (task.dueMs === next.dueMs && task.order < next.order)
      ) {
        next = task;
      }
    }
    return next;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
