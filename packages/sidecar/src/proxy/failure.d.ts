/**
 * Envoy's response flags, as far as they are used: NR no route or host, UH no endpoint, UF connect
 * failure, UC upstream closed, UO overflow, UT timeout, DC client gone, DPE protocol error, UPE the
 * upstream's protocol error.
 */
export type ResponseFlag = '' | 'NR' | 'UH' | 'UF' | 'UC' | 'UO' | 'UT' | 'DC' | 'DPE' | 'UPE';
/** Why a request is answered here: the catalogue of everything that the sidecar answers itself. */
export interface Failure {
    readonly status: number;
    readonly flag: ResponseFlag;
    /** The value of `x-tulle-reason`; stable. */
    readonly reason: string;
    readonly message: string;
}
export declare const failures: {
    readonly unknownHost: Failure;
    readonly unknownPort: Failure;
    readonly routeNotFound: Failure;
    readonly invalidBackend: Failure;
    readonly noEndpoint: Failure;
    readonly discoveryTimeout: Failure;
    readonly discoveryOverflow: Failure;
    readonly noIdentity: Failure;
    readonly poolOverflow: Failure;
    readonly poolTimeout: Failure;
    readonly connectFailed: Failure;
    readonly handshakeFailed: Failure;
    readonly identityMismatch: Failure;
    readonly upstreamClosed: Failure;
    readonly upstreamReset: Failure;
    readonly upstreamProtocol: Failure;
    readonly upgradeUnsupported: Failure;
    readonly headTimeout: Failure;
    readonly streamIdle: Failure;
    readonly downstreamClosed: Failure;
    readonly drained: Failure;
};
/** A request that the codec refuses, by its error number (negated or not). */
export declare function badRequest(code: number): Failure;
