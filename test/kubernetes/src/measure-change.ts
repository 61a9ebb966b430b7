import { eventually } from '@tulle/testkit';
import type { Kubectl } from './kubectl.ts';

/** How long a change took to be seen; what it really took lies between the two. */
export interface ChangeTime {
  /** Since kubectl was started, which itself takes most of it. */
  readonly sinceStartMs: number;
  /** Since kubectl ended; 0 when it was seen before. */
  readonly sinceAppliedMs: number;
}

/** Applies by kubectl, and looks for the effect meanwhile. */
export async function measureChange(
  kubectl: Kubectl,
  manifest: readonly object[],
  seen: () => Promise<void>,
): Promise<ChangeTime> {
  const startMs = performance.now();
  const applied = kubectl.apply(manifest).then(() => performance.now());
  const looked = eventually(seen, { timeoutMs: 30_000, intervalMs: 5 }).then(() => performance.now());
  const [appliedMs, seenMs] = await Promise.all([applied, looked]);
  return { sinceStartMs: seenMs - startMs, sinceAppliedMs: Math.max(0, seenMs - appliedMs) };
}

/** The one in the middle: the machine has other things to do as well. */
export function medianMs(times: readonly ChangeTime[], of: keyof ChangeTime): number {
  const sorted = times.map((time) => time[of]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
