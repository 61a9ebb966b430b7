import { type BodyReader, type RequestHead } from '@tulle/http';
import type { RequestIds } from './request-id.ts';
/**
 * Writes head and the beginning of the body into the scratch, where they are sent from in one write.
 * `consumed` is the offset after what was taken of [at,end). Gives the length, or NO_ROOM.
 */
export declare class RequestEncoder {
    #private;
    consumed: number;
    constructor(ids: RequestIds);
    encode(head: RequestHead, body: BodyReader, buffer: Buffer, at: number, end: number): number;
    /** Of the request encoded last: the client's, or the one made for it. */
    requestId(head: RequestHead): string;
}
export declare function dropReserved(head: RequestHead): void;
/**
 * RFC 9110 section 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS, TRACE. Sent again, these have the same
 * effect, so that a request may be that met a pooled connection which was closing.
 */
export declare function isIdempotent(head: RequestHead): boolean;
