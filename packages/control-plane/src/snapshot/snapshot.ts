import type { MeshResources, ResourceKind, SpiffeId } from '@tulle/model';

/** Who asks: taken from the client's certificate, and checked with the node id it gave against what is known. */
export interface ClientView {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `<namespace>/<pod>`. */
  readonly workload: string;
}

/**
 * One resource as it stands in a snapshot. Snapshots share entries: what did not change is the same object,
 * so that "did it change?" is `===` and its wire form is encoded once for all its subscribers.
 */
export interface SnapshotEntry<K extends ResourceKind = ResourceKind> {
  readonly kind: K;
  readonly name: string;
  /** Other names that a subscription may use: host names and virtual IPs of a service, addresses of a pod. */
  readonly aliases: readonly string[];
  /** A hash of the content: the same content has the same version after a restart too. */
  readonly version: string;
  readonly resource: MeshResources[K];
}

/** Everything that is served, at one moment. Never mutated; replaced as a whole. */
export interface Snapshot {
  /** Counts up with each change of this process. */
  readonly sequence: number;
  /**
   * The resource by name or alias as this client sees it (routes differ by the client's namespace; a workload
   * is shown only to itself), or null.
   */
  lookup(kind: ResourceKind, name: string, client: ClientView): SnapshotEntry | null;
  /** All of a kind that the client may see: a wildcard subscription. */
  list(kind: ResourceKind, client: ClientView): Iterable<SnapshotEntry>;
  /** Whose certificate the workload's proxy has to have; null where none of that name is known (yet). */
  identityOf(workload: string): SpiffeId | null;
  /** How many there are of each kind, for metrics and the dump. */
  counts(): Readonly<Record<ResourceKind, number>>;
}

export interface SnapshotSource {
  /** Null until the first configuration has been read: streams wait for it. */
  readonly current: Snapshot | null;
  /** Called after each replacement; the returned function ends it. */
  onChange(listener: (snapshot: Snapshot) => void): () => void;
}
