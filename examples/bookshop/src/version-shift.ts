/** One answer of the catalog: which version gave it, and when it was here. */
export interface VersionSample {
  readonly atMs: number;
  readonly version: string;
}

export type VersionSplit = Readonly<Record<string, number>>;

/** The share of each version, in [0, 1]. */
export function splitOf(samples: readonly VersionSample[]): VersionSplit {
  const counts: Record<string, number> = {};
  for (const { version } of samples) counts[version] = (counts[version] ?? 0) + 1;
  const shares: Record<string, number> = {};
  for (const version of Object.keys(counts).sort()) shares[version] = counts[version]! / samples.length;
  return shares;
}

/** Whether a share fits a weight: four standard deviations of the binomial, and a point for bad luck. */
export function fitsWeight(share: number, weight: number, count: number): boolean {
  return Math.abs(share - weight) <= 4 * Math.sqrt((weight * (1 - weight)) / Math.max(1, count)) + 0.01;
}

/**
 * When the new weights took effect, from nothing but the answers: the moment that best explains them as
 * drawn by `before` until then and by `after` from then on (maximum likelihood of a change point). It is
 * what a user sees, not what a config dump claims. At 150 samples a second it is good to about 20 ms.
 * Null where the answers never changed. `share` is the version's share before and after.
 */
export function changePointMs(
  samples: readonly VersionSample[],
  version: string,
  share: { readonly before: number; readonly after: number },
): number | null {
  const gainIfVersion = Math.log(share.after / share.before);
  const gainIfOther = Math.log((1 - share.after) / (1 - share.before));
  let gain = 0;
  let bestGain = 0;
  let changeMs: number | null = null;
  for (let index = samples.length - 1; index >= 0; index--) {
    const sample = samples[index]!;
    gain += sample.version === version ? gainIfVersion : gainIfOther;
    if (gain <= bestGain) continue;
    bestGain = gain;
    changeMs = sample.atMs;
  }
  return changeMs;
}
