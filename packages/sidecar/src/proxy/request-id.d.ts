/**
 * Makes `x-request-id` lines in the form of a UUID of version 4: random per process, then a counter,
 * since a random number for each request would cost more than the rest of its head.
 */
export declare class RequestIds {
    #private;
    /** The line with its CRLF; rewritten by next(). */
    readonly line: Buffer;
    constructor(seed?: Buffer);
    /** Counts the last twelve digits up. */
    next(): void;
    current(): string;
}
