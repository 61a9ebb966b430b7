import type { Random } from '@tulle/runtime';

/** What a balancer weighs an endpoint by. */
export interface Balanced {
  /** Requests under way. */
  readonly inFlight: number;
}

export interface Balancer {
  /** Null: there is none to pick. */
  pick<T extends Balanced>(candidates: readonly T[]): T | null;
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
    return other.inFlight < one.inFlight ? other : one;
  }
}
