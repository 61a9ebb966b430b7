import type { ResourceKind } from '@tulle/model';
import type { ClientView, Snapshot, SnapshotEntry } from '../snapshot/snapshot.ts';

/** One type of one snapshot as one client sees it: all that a subscription has to know. */
export interface ResourceView {
  lookup(name: string): SnapshotEntry | null;
  list(): Iterable<SnapshotEntry>;
}

export function resourceView(
  snapshot: Snapshot,
  kind: ResourceKind | null,
  client: ClientView,
): ResourceView {
  if (kind === null) return emptyView;
  return {
    lookup: (name) => snapshot.lookup(kind, name, client),
    list: () => snapshot.list(kind, client),
  };
}

/**
 * A type that this server doesn't know has no resources. Said so, rather than refused: a proxy that is newer
 * than its control plane gets its answer at once and keeps the types that both know.
 */
const emptyView: ResourceView = { lookup: () => null, list: () => [] };
