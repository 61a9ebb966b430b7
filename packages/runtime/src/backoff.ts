import type { Random } from './clock.ts';

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Exponential back-off, half of it by chance: after a fault that met every client at once, their returns
 * spread out. Attempt 0 waits in [base/2, base].
 */
export function backoffDelayMs(attempt: number, { baseMs, maxMs }: BackoffOptions, random: Random): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + random() * (ceiling / 2);
}
