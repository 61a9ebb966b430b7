import type { ResourceKind, SpiffeId } from '@tulle/model';
import { recordOf } from '@tulle/runtime';
import type { ClientView, Snapshot, SnapshotEntry } from './snapshot.ts';

/** The routes of one service port: the producer's, and those that a consumer's namespace sees in their place. */
export interface RouteEntries {
  readonly producer: SnapshotEntry<'routes'> | null;
  readonly byClientNamespace: ReadonlyMap<string, SnapshotEntry<'routes'>>;
}

/** Every entry of a snapshot by its name on the wire. */
export interface SnapshotEntries {
  readonly service: ReadonlyMap<string, SnapshotEntry<'service'>>;
  readonly peer: ReadonlyMap<string, SnapshotEntry<'peer'>>;
  readonly endpoints: ReadonlyMap<string, SnapshotEntry<'endpoints'>>;
  readonly routes: ReadonlyMap<string, RouteEntries>;
  readonly workload: ReadonlyMap<string, SnapshotEntry<'workload'>>;
  readonly trustBundle: ReadonlyMap<string, SnapshotEntry<'trustBundle'>>;
}

/** The snapshot over plain maps: a lookup is one or two of them, and a view filters without copying. */
export class MeshSnapshot implements Snapshot {
  readonly sequence: number;
  readonly entries: SnapshotEntries;
  readonly #servicesByAlias: ReadonlyMap<string, SnapshotEntry<'service'>>;
  readonly #peersByAddress: ReadonlyMap<string, SnapshotEntry<'peer'>>;

  /** What did not change since `previous` is taken from there. */
  constructor(sequence: number, entries: SnapshotEntries, previous: MeshSnapshot | null = null) {
    this.sequence = sequence;
    this.entries = entries;
    const before = previous?.entries;
    this.#servicesByAlias =
      before?.service === entries.service ? previous!.#servicesByAlias : byAlias(entries.service.values());
    this.#peersByAddress =
      before?.peer === entries.peer ? previous!.#peersByAddress : byAlias(entries.peer.values());
  }

  lookup(kind: ResourceKind, name: string, client: ClientView): SnapshotEntry | null {
    switch (kind) {
      case 'service':
        return this.entries.service.get(name) ?? this.#servicesByAlias.get(name) ?? null;
      case 'peer':
        return this.entries.peer.get(name) ?? this.#peersByAddress.get(name) ?? null;
      case 'routes':
        return routesFor(this.entries.routes.get(name), client);
      case 'workload':
        return ownWorkload(this.entries.workload.get(name), client);
      case 'endpoints':
      case 'trustBundle':
        return this.entries[kind].get(name) ?? null;
    }
  }

  *list(kind: ResourceKind, client: ClientView): Iterable<SnapshotEntry> {
    switch (kind) {
      case 'routes':
        for (const routes of this.entries.routes.values()) {
          const entry = routesFor(routes, client);
          if (entry !== null) yield entry;
        }
        return;
      case 'workload': {
        const entry = this.lookup('workload', client.workload, client);
        if (entry !== null) yield entry;
        return;
      }
      case 'service':
      case 'peer':
      case 'endpoints':
      case 'trustBundle':
        yield* this.entries[kind].values();
    }
  }

  identityOf(workload: string): SpiffeId | null {
    return this.entries.workload.get(workload)?.resource.identity ?? null;
  }

  /** A port's routes count once for each of their variants. */
  counts(): Readonly<Record<ResourceKind, number>> {
    const counts = recordOf<Record<ResourceKind, number>>(this.entries, (kind) => this.entries[kind].size);
    let routes = 0;
    for (const { producer, byClientNamespace } of this.entries.routes.values()) {
      routes += byClientNamespace.size + (producer === null ? 0 : 1);
    }
    return { ...counts, routes };
  }
}

/** A consumer's variant takes the place of the producer's (GAMMA). */
function routesFor(routes: RouteEntries | undefined, client: ClientView): SnapshotEntry | null {
  return routes?.byClientNamespace.get(client.namespace) ?? routes?.producer ?? null;
}

/** A workload is shown to itself alone: by its own name, and by the identity that its pod has. */
function ownWorkload(
  entry: SnapshotEntry<'workload'> | undefined,
  client: ClientView,
): SnapshotEntry<'workload'> | null {
  if (entry === undefined || entry.name !== client.workload) return null;
  const { namespace, serviceAccount } = entry.resource.identity;
  return namespace === client.namespace && serviceAccount === client.serviceAccount ? entry : null;
}

function byAlias<K extends ResourceKind>(
  entries: Iterable<SnapshotEntry<K>>,
): ReadonlyMap<string, SnapshotEntry<K>> {
  const aliases = new Map<string, SnapshotEntry<K>>();
  for (const entry of entries) for (const alias of entry.aliases) aliases.set(alias, entry);
  return aliases;
}
