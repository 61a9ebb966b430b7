import { backoffDelayMs, type Clock, type Logger, messageOf, type Random, TulleError } from '@tulle/runtime';

export interface ReachableOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const backoff = { baseMs: 500, maxMs: 5_000 };
const maxWaitMs = 300_000;

/**
 * Opens what lies in the cluster, waiting for an API server that is away: to end instead would mean kubelet's crash
 * back-off, which goes on for minutes after the API server is back.
 */
export async function openWhenReachable<T>(
  open: () => Promise<T>,
  { clock, random, logger }: ReachableOptions,
): Promise<T> {
  const endMs = clock.monotonicMs() + maxWaitMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (thrown) {
      const isWorthIt = thrown instanceof TulleError && thrown.isRetryable;
      if (!isWorthIt || clock.monotonicMs() >= endMs) throw thrown;
      const delayMs = backoffDelayMs(attempt, backoff, random);
      logger.warn('certificate authority not opened yet', { reason: messageOf(thrown), retryInMs: delayMs });
      await wait(clock, delayMs);
    }
  }
}

/** Keeps the process alive, which nothing else does yet. */
async function wait(clock: Clock, delayMs: number): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  try {
    await new Promise<void>((resolve) => clock.schedule(delayMs, resolve));
  } finally {
    clearInterval(alive);
  }
}
