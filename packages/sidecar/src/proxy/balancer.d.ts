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
export declare class TwoChoices implements Balancer {
    #private;
    constructor(random: Random);
    pick<T extends Balanced>(candidates: readonly T[]): T | null;
}
