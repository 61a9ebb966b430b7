import type { EndpointSet, Peer, RouteTable, Service, Workload } from '@tulle/model';

/** What translation makes of the resources: the mesh in its own terms, and what to tell the objects' authors. */
export interface Translated {
  readonly mesh: TranslatedMesh;
  readonly statuses: readonly ObjectStatus[];
}

/** Each list in the order of its names, so that equal inputs give equal outputs. */
export interface TranslatedMesh {
  readonly services: readonly Service[];
  /** One for each port of each service, an empty one where nothing is ready. */
  readonly endpoints: readonly EndpointSet[];
  readonly peers: readonly Peer[];
  readonly routes: readonly RouteVariant[];
  readonly workloads: readonly Workload[];
}

/** The routes of one service port as clients of a namespace see them. */
export interface RouteVariant {
  /**
   * Null: the producer's routes, for every client whose namespace has no variant of its own. A consumer's
   * variant stands in the place of the producer's, not beside it (GAMMA, consumer routes).
   */
  readonly clientNamespace: string | null;
  readonly table: RouteTable;
}

export type ObjectStatus = RouteStatus | PolicyStatus;

export interface Condition<Type extends string = string, Reason extends string = string> {
  readonly type: Type;
  readonly status: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
  readonly observedGeneration: number;
}

/** The resources of the mesh that an object becomes part of: it is in force on the proxies that took them. */
export interface ResourceUse {
  readonly kind: 'routes' | 'workload';
  /** On the wire, in order. One that is not in the snapshot has no proxy: a pod without an address. */
  readonly names: readonly string[];
  /** Of routes: whose variant, as `RouteVariant.clientNamespace`. */
  readonly clientNamespace: string | null;
}

/** The `status` of an object of the mesh's own. */
export interface PolicyStatus {
  readonly kind: 'PeerAuthentication' | 'MeshConfig';
  /** Empty for kinds of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  /** `Attached` stands where there is a selector: false is no fault, but perhaps not what was meant. */
  readonly conditions: readonly Condition<'Accepted' | 'Attached'>[];
  /** The workloads that it holds for: none where others hold in its place, or where it says nothing. */
  readonly resources: ResourceUse;
}

/** The mesh's entry in a route's `status.parents`, one for each parentRef to a Service. */
export interface RouteStatus {
  readonly kind: 'HTTPRoute';
  readonly namespace: string;
  readonly name: string;
  /** Word for word, since tools compare it deeply. */
  readonly parentRef: Readonly<Record<string, unknown>>;
  readonly conditions: readonly RouteCondition[];
  /** The tables of the ports that this parentRef leads to. */
  readonly resources: ResourceUse;
}

export type AcceptedReason = 'Accepted' | 'NoMatchingParent' | 'UnsupportedValue';
export type ResolvedRefsReason = 'ResolvedRefs' | 'BackendNotFound' | 'InvalidKind';

export type RouteCondition = Condition<'Accepted' | 'ResolvedRefs', AcceptedReason | ResolvedRefsReason>;
