import type { RequestHead } from '@tulle/http';
import { type Failure } from './failure.ts';
/**
 * CONNECT and upgrades come with a later issue. `Upgrade: h2c` is an offer that a server may ignore
 * (RFC 9110 section 7.8): it is dropped, and the request served.
 */
export declare function refuseUnserved(head: RequestHead): Failure | null;
