import type { Clock, Logger } from '@tulle/runtime';
import { clientReasons, KubernetesError } from '../kubernetes-error.ts';
import { pause } from '../pause.ts';

const maxAttempts = 10;

export interface RetryOptions {
  readonly method: string;
  readonly clock: Clock;
  /** By the monotonic clock: no attempt begins after it. */
  readonly endMs: number;
  readonly logger: Logger;
  /** The caller's own: it ends the waiting too. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats what the API server asked to repeat (429 or 5xx with Retry-After, as client-go does), and once what
 * met a connection that had been closed meanwhile, where doing it twice is the same as once.
 */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, endMs, logger, method, signal } = options;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (thrown) {
      const waitMs = attempts < maxAttempts ? waitBefore(thrown, method, attempts) : null;
      if (waitMs === null || clock.monotonicMs() + waitMs >= endMs) throw thrown;
      logger.debug('request to the API server is repeated', { reason: (thrown as Error).message, waitMs });
      await wait(clock, waitMs, signal);
      if (signal?.aborted) throw signal.reason;
    }
  }
}

/** Keeps the process alive, as a request under way does: a command must not end in the middle. */
async function wait(clock: Clock, waitMs: number, signal?: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  await pause(clock, waitMs, signal);
  clearInterval(alive);
}

function waitBefore(thrown: unknown, method: string, attempts: number): number | null {
  if (!(thrown instanceof KubernetesError)) return null;
  const { reason, status, retryAfterMs } = thrown;
  if (reason === clientReasons.stale)
    return attempts === 1 && method !== 'POST' && method !== 'PATCH' ? 0 : null;
  return retryAfterMs !== null && (status === 429 || status >= 500) ? retryAfterMs : null;
}
