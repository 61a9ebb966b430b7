import type { Random } from '@tulle/runtime';

/** What a balancer weighs an endpoint by. */
export interface Balanced {
  /** Requests under way. */
  readonly inFlight: number;
  /** It could not be reached a moment ago. */
  readonly isAvoided: boolean;
  /** Of one that is avoided: this request may try it. */
  admitsProbe(): boolean;
}

export interface Balancer {
  /** Null: there is none to pick. Those that are avoided are picked where there are only such. */
  pick<T extends Balanced>(candidates: readonly T[]): T | null;
  /** For a request that these two have lost, the second of which may be null. Null: there is no other. */
  pickOther<T extends Balanced>(candidates: readonly T[], one: T, other: T | null): T | null;
}

/**
 * Power of two choices: of two endpoints drawn at random, the one with fewer requests under way.
 * On a tie the first drawn, which is uniform (Mitzenmacher, "The Power of Two Choices", 1996).
 */
export class TwoChoices implements Balancer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<T extends Balanced>(candidates: readonly T[]): T | null {
    const count = candidates.length;
    if (count < 2) return candidates[0] ?? null;
    const first = Math.floor(this.#random() * count);
    // Drawn from the others, so that two different ones are compared.
    let second = Math.floor(this.#random() * (count - 1));
    if (second >= first) second++;
    const one = candidates[first]!;
    const other = candidates[second]!;
    const isOtherLess = other.inFlight < one.inFlight;
    const better = isOtherLess ? other : one;
    if (!better.isAvoided || better.admitsProbe()) return better;
    const worse = isOtherLess ? one : other;
    if (!worse.isAvoided || worse.admitsProbe()) return worse;
    return this.#leastLoaded(candidates, better, worse) ?? better;
  }

  pickOther<T extends Balanced>(candidates: readonly T[], one: T, other: T | null): T | null {
    const usable = this.#leastLoaded(candidates, one, other);
    return usable ?? candidates.find((candidate) => candidate !== one && candidate !== other) ?? null;
  }

  /** Of all but these two, and those that are avoided. */
  #leastLoaded<T extends Balanced>(candidates: readonly T[], one: T, other: T | null): T | null {
    const count = candidates.length;
    // Each as often as the others: the first of equals is taken.
    const start = Math.floor(this.#random() * count);
    let least: T | null = null;
    for (let i = 0; i < count; i++) {
      const candidate = candidates[(start + i) % count]!;
      if (candidate === one || candidate === other || candidate.isAvoided) continue;
      if (least === null || candidate.inFlight < least.inFlight) least = candidate;
    }
    return least;
  }
}
