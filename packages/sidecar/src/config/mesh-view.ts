import type { AppProtocol, MtlsRule, RouteRule, UnknownDestinations } from '@tulle/model';
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
  /** What made the pod, for metrics; empty where no pod is known. */
  readonly owner: string;
  /**
   * Mutual TLS through the peer's sidecar at its `port` (the endpoint's own where the peer's traffic is
   * captured), or plain to the application.
   */
  readonly mesh: { readonly spiffeId: string; readonly port: number } | null;
}

/**
 * One service port's endpoints, or the one endpoint of a pod that is addressed by its IP. The object stays the
 * same while the port is known; its list is replaced.
 */
export interface Cluster {
  /** `<namespace>/<service>:<port>`, or `<namespace>/<pod>:<port>`. */
  readonly name: string;
  readonly namespace: string;
  /** Empty: a pod. */
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

/** The compiled form of one service port for this client, or of one port of a pod. */
export interface OutboundPort {
  /** Null: no route is attached, all goes to `cluster`. Else none matching answers 404. */
  readonly rules: readonly CompiledRule[] | null;
  readonly cluster: Cluster;
}

/** What a lookup finds. `unknown-port` lists what there is, for the answer's reason. */
export type OutboundLookup =
  | { readonly kind: 'found'; readonly port: OutboundPort }
  | { readonly kind: 'unknown-host' }
  /** An address that belongs neither to a service nor to a pod. */
  | { readonly kind: 'outside' }
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
  /**
   * Where a captured connection wanted to go: `address` as node prints it (IPv4-mapped IPv6 is read as IPv4).
   * A service's virtual IP finds that service, a pod's IP a cluster of exactly that pod. Answers without
   * allocation when the address has been seen before.
   */
  lookupAddress(address: string, port: number): OutboundLookup;
  /** What becomes of a connection to `outside`. `allow` until the own workload has been received. */
  readonly unknownDestinations: UnknownDestinations;
}

/** What holds for connections to one port of the own workload. */
export interface InboundRule {
  readonly mtls: MtlsRule;
  /** `detect` where no service leads to the port. */
  readonly protocol: AppProtocol;
  /** `<namespace>/<pod>:<port>`. */
  readonly label: string;
}

/** The local application as the inbound side sees it. */
export interface InboundView {
  /** What the own workload is called by whoever made it; empty until it has been received. */
  readonly owner: string;
  /** `<namespace>/<service>:<port>` of the first service that leads to the port; null: none does. */
  serviceOf(port: number): string | null;
  /** Explicit mode: where to forward. Null: no service leads to such a port; the connection is refused. */
  target(port: number): { readonly host: string; readonly port: number; readonly label: string } | null;
  /** Any port has a rule. Null until the workload has been received: nothing may be taken yet. */
  rule(port: number): InboundRule | null;
  /** Called after rules or targets may have changed; the returned function ends it. */
  onChange(listener: () => void): () => void;
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
