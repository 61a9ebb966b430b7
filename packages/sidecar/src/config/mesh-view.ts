import type { AppProtocol, RouteRule, Service, ServicePort } from '@tulle/model';
import type { RouteMatcher } from '@tulle/policy';

/**
 * What the request path sees of discovery: compiled, readonly, swapped by reference. A request keeps
 * the references that it began with. The discovery side makes these; the proxy side only reads.
 */

/** An endpoint with what the balancer and the pools keep beside it; the same object survives updates that keep it. */
export interface UpstreamEndpoint {
  /** `<address>:<port>`; with the transport it is what makes two endpoints the same. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly workload: string;
  /** Mutual TLS through the peer's sidecar at `meshPort`, or plain to the application. */
  readonly mesh: { readonly spiffeId: string; readonly port: number } | null;
}

/** One service port's endpoints. The object stays the same while the port is known; its list is replaced. */
export interface Cluster {
  /** `<namespace>/<service>:<port>`. */
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** As the service port declares it; replaced with the endpoints. */
  protocol: AppProtocol;
  /** Replaced as a whole on each endpoint update, which recompiles no route. */
  endpoints: readonly UpstreamEndpoint[];
}

/** A backend choice with cumulative weights, so that one random number picks. */
export interface CompiledBackend {
  readonly cumulativeWeight: number;
  /** Null: this share answers 500 with `invalidReason`. */
  readonly cluster: Cluster | null;
  readonly invalidReason: string;
}

export interface CompiledRule {
  readonly rule: RouteRule;
  readonly matches: RouteMatcher;
  readonly backends: readonly CompiledBackend[];
  readonly totalWeight: number;
}

/** The compiled form of one service port for this client. */
export interface OutboundPort {
  readonly service: Service;
  readonly port: ServicePort;
  /** Null: no route is attached, all goes to `cluster`. Else none matching answers 404. */
  readonly rules: readonly CompiledRule[] | null;
  readonly cluster: Cluster;
}

/** What a lookup by authority finds. `unknown-port` lists what there is, for the answer's reason. */
export type OutboundLookup =
  | { readonly kind: 'found'; readonly port: OutboundPort }
  | { readonly kind: 'unknown-host' }
  | { readonly kind: 'unknown-port'; readonly known: readonly number[] }
  /** Not known yet: discovery has been asked. `wait` calls back once, with the answer or `timeout`. */
  | { readonly kind: 'pending'; wait(done: (lookup: OutboundLookup) => void): void }
  | { readonly kind: 'timeout' };

/** Where the outbound side asks for a destination. */
export interface OutboundView {
  /**
   * `authority` is a Host value as the client sent it (`catalog`, `catalog.bookshop:8080`, `[::1]:80`); the
   * default port is 80. Answers from a map without allocation when the authority has been seen before.
   */
  lookup(authority: string): OutboundLookup;
}

/** A port of the local application that the inbound side may forward to. */
export interface InboundView {
  /** Null: this workload announces no such port; the connection is refused. */
  target(port: number): { readonly host: string; readonly port: number; readonly label: string } | null;
}

/** The certificate in use and what peers are verified against; replaced as a whole on renewal or root change. */
export interface IdentityMaterial {
  readonly spiffeId: string;
  readonly trustDomain: string;
  /** PEM: leaf, then intermediates. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly rootsPem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Counts up on each change; keys TLS session caches and secure contexts. */
  readonly generation: number;
}

export interface IdentitySource {
  readonly current: IdentityMaterial | null;
  onChange(listener: (material: IdentityMaterial) => void): void;
}
