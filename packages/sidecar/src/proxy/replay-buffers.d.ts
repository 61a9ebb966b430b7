/** Copies of requests that may have to be sent again; taken for the time until the response begins. */
export declare class ReplayBuffers {
    #private;
    constructor(bytes: number);
    /** A copy of the first `length` bytes of the scratch, or null: too long to be kept. */
    keep(length: number): Buffer | null;
    release(buffer: Buffer): void;
}
