import type { Clock } from '@tulle/runtime';

export interface WaitOptions {
  /** Null: ready; else why not. Does not reject. */
  readonly ask: () => Promise<string | null>;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

const pollMs = 100;

/** Asks until it is ready; null, or the last reason why it was not. */
export async function waitUntilReady({ ask, deadlineMs, clock }: WaitOptions): Promise<string | null> {
  const endMs = clock.monotonicMs() + deadlineMs;
  for (;;) {
    const reason = await ask();
    if (reason === null || clock.monotonicMs() >= endMs) return reason;
    await new Promise<void>((resolve) => {
      clock.schedule(pollMs, resolve);
    });
  }
}
