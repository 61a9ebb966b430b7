import type { ResourceKind } from '@tulle/model';

/** One proxy's discovery stream as dumps and statuses show it. */
export interface ConnectedProxy {
  /** `<namespace>/<pod>`; empty before the first request. */
  readonly node: string;
  readonly identity: string;
  readonly peer: string;
  readonly connectedAt: string;
  readonly types: readonly ConnectedProxyType[];
}

export interface ConnectedProxyType {
  readonly typeUrl: string;
  /** Null: a type that this server doesn't know. */
  readonly kind: ResourceKind | null;
  readonly subscriptions: number;
  readonly isWildcard: boolean;
  /** The last response sent, and the last that the proxy took; `version` is the snapshot's sequence. */
  readonly sent: ResponseMark | null;
  readonly acked: ResponseMark | null;
  /** The last response that was rejected; it stays until a later one is taken. */
  readonly nacked: Rejection | null;
}

export interface ResponseMark {
  readonly version: string;
  readonly nonce: string;
  readonly at: string;
}

export interface Rejection extends ResponseMark {
  /** What the proxy said. */
  readonly reason: string;
  /** Some of the resources in the response, with their versions; the protocol doesn't say which were at fault. */
  readonly resources: readonly string[];
}
