import type { Clock } from '@tulle/runtime';
/** Whatever has deadlines: looked at now and then, instead of a timer for each. */
export interface Swept {
    onSweep(nowMs: number): void;
}
export declare const sweepIntervalMs = 250;
/**
 * One timer for every deadline of the proxy: connections are visited in turn and compare two numbers.
 * Deadlines are therefore late by up to sweepIntervalMs.
 */
export declare class Sweep {
    #private;
    /** Monotonic time as of the last sweep: for what needs no better than sweepIntervalMs. */
    nowMs: number;
    constructor(clock: Clock);
    start(): void;
    stop(): void;
    add(swept: Swept): void;
    delete(swept: Swept): void;
}
