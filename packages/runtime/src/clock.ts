/** Time, injected: tests turn it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Milliseconds that never go backwards; for durations. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. Does not keep the process alive. */
  schedule(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Uniform in [0, 1); injected wherever a choice is made by chance. */
export type Random = () => number;
