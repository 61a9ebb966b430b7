import { type Transport, type TransportHandler } from '@tulle/http';
import type { IdentitySource, UpstreamEndpoint } from '../config/mesh-view.ts';
import type { ProxySettings } from './settings.ts';
export interface UpstreamHandler extends TransportHandler {
    onConnect(): void;
}
/** How connections to endpoints come about: plain, or mutual TLS through the peer's sidecar. */
export interface UpstreamDialer {
    /** Of the identity in use; connections of an older one are not used for new requests. 0: there is none. */
    readonly generation: number;
    /** Null: mutual TLS is needed, and this workload has no identity yet. */
    dial(endpoint: UpstreamEndpoint, handler: UpstreamHandler): Transport | null;
}
export declare class MeshDialer implements UpstreamDialer {
    #private;
    constructor(settings: ProxySettings, identity: IdentitySource);
    get generation(): number;
    dial(endpoint: UpstreamEndpoint, handler: UpstreamHandler): Transport | null;
}
