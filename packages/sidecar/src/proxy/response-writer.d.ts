import { type BodyReader, type ResponseHead, type Transport } from '@tulle/http';
import type { ResponseBytes } from './upstream-connection.ts';
export interface ClientTerms {
    readonly isHttp10: boolean;
    /** No further request will be read from this client. */
    closes: boolean;
}
/** Writes one response to a client, in the framing that the client understands. */
export declare class ResponseWriter {
    #private;
    /** The last write asked to wait for a drain. */
    isFull: boolean;
    /** The head and what of the body follows it go out in one write. NO_ROOM: the head is too large. */
    open(transport: Transport, head: ResponseHead, body: BodyReader, from: ResponseBytes, terms: ClientTerms): number;
    /** Writes as much of [at,end) as is body; gives the offset after it. */
    more(transport: Transport, body: BodyReader, from: ResponseBytes): number;
    /** After a body that the upstream ended by closing. */
    finish(transport: Transport): void;
}
