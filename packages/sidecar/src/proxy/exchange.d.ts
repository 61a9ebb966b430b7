import type { RequestHead } from '@tulle/http';
import type { ResponseFlag } from './failure.ts';
import type { EndpointSlot } from './upstreams.ts';
/**
 * What is known of the request under way, for its log line and its metrics. One lives with each
 * downstream connection and is filled in anew, so that a request costs no object.
 */
export declare class Exchange {
    startedMs: number;
    isActive: boolean;
    /** Text is kept only where an access log will want it. */
    method: string;
    path: string;
    authority: string;
    requestId: string;
    /** `<namespace>/<service>:<port>`, or `unknown`. */
    destination: string;
    backend: string;
    slot: EndpointSlot | null;
    code: number;
    flag: ResponseFlag;
    reason: string;
    detail: string;
    /** Body bytes as framed. */
    requestBytes: number;
    responseBytes: number;
    begin(nowMs: number): void;
    captureText(head: RequestHead): void;
    forgetText(): void;
}
