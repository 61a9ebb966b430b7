import type { Transport } from '@tulle/http';
/** Reasons not to read from a client, as bits; reading goes on when none is left. */
export declare const FOR_ROUTE = 1;
export declare const FOR_UPSTREAM = 2;
export declare const FOR_TURN = 4;
export declare const FOR_FLUSH = 8;
export declare class ReadPauses {
    #private;
    constructor(transport: Transport);
    pause(why: number): void;
    resume(why: number): void;
    clear(): void;
}
