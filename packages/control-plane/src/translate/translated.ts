import type { EndpointSet, Peer, RouteTable, Service, Workload } from '@tulle/model';

/** What translation makes of the resources: the mesh in its own terms, and what to tell the routes' authors. */
export interface Translated {
  readonly mesh: TranslatedMesh;
  readonly statuses: readonly RouteStatus[];
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

/** The mesh's entry in a route's `status.parents`, one for each parentRef to a Service. */
export interface RouteStatus {
  readonly kind: 'HTTPRoute';
  readonly namespace: string;
  readonly name: string;
  /** Word for word, since tools compare it deeply. */
  readonly parentRef: Readonly<Record<string, unknown>>;
  readonly conditions: readonly RouteCondition[];
}

export type AcceptedReason = 'Accepted' | 'NoMatchingParent' | 'UnsupportedValue';
export type ResolvedRefsReason = 'ResolvedRefs' | 'BackendNotFound' | 'InvalidKind';

export interface RouteCondition {
  readonly type: 'Accepted' | 'ResolvedRefs';
  readonly status: 'True' | 'False';
  readonly reason: AcceptedReason | ResolvedRefsReason;
  readonly message: string;
  readonly observedGeneration: number;
}
