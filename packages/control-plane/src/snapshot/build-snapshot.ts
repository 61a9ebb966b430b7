import {
  type MeshResources,
  type ResourceKind,
  type RouteTable,
  resourceName,
  type Service,
  type TrustBundle,
} from '@tulle/model';
import { isSameContent } from '../same-content.ts';
import type { RouteVariant, TranslatedMesh } from '../translate/translated.ts';
import { contentHash } from './content-hash.ts';
import { MeshSnapshot, type RouteEntries, type SnapshotEntries } from './mesh-snapshot.ts';
import type { SnapshotEntry } from './snapshot.ts';

/** A snapshot, and the mesh that it was built from. */
export interface BuiltSnapshot {
  readonly snapshot: MeshSnapshot;
  readonly mesh: TranslatedMesh;
}

/**
 * The next snapshot. What says the same as before is the same object as before; where nothing changed at
 * all, so is the snapshot. A list of the mesh that is the same one as before is not looked at.
 */
export function buildSnapshot(
  previous: BuiltSnapshot | null,
  mesh: TranslatedMesh,
  trustBundle: TrustBundle,
): MeshSnapshot {
  const known = previous?.mesh;
  const before = previous?.snapshot.entries;
  const entries: SnapshotEntries = {
    service:
      before !== undefined && known?.services === mesh.services
        ? before.service
        : indexEntries('service', mesh.services, before?.service, uniqueAliases(mesh.services)),
    peer:
      before !== undefined && known?.peers === mesh.peers
        ? before.peer
        : indexEntries('peer', mesh.peers, before?.peer, ({ addresses }) => addresses),
    endpoints:
      before !== undefined && known?.endpoints === mesh.endpoints
        ? before.endpoints
        : indexEntries('endpoints', mesh.endpoints, before?.endpoints),
    routes:
      before !== undefined && known?.routes === mesh.routes
        ? before.routes
        : routeEntries(mesh.routes, before?.routes ?? null),
    workload:
      before !== undefined && known?.workloads === mesh.workloads
        ? before.workload
        : indexEntries('workload', mesh.workloads, before?.workload),
    trustBundle: indexEntries('trustBundle', [trustBundle], before?.trustBundle),
  };
  const snapshot = previous?.snapshot ?? null;
  if (snapshot !== null && isSame(snapshot.entries, entries)) return snapshot;
  return new MeshSnapshot((snapshot?.sequence ?? 0) + 1, entries, snapshot);
}

/** Names that two services lay claim to: the service that comes first by name keeps it. */
export interface AliasClash {
  readonly alias: string;
  readonly keptBy: string;
  readonly lostBy: string;
}

export function aliasClashes(services: readonly Service[]): readonly AliasClash[] {
  const clashes: AliasClash[] = [];
  assignAliases(services, (clash) => clashes.push(clash));
  return clashes;
}

function uniqueAliases(services: readonly Service[]): (service: Service) => readonly string[] {
  const owners = assignAliases(services, () => {});
  return (service) => [...new Set(aliasesOf(service))].filter((alias) => owners.get(alias) === service);
}

function assignAliases(
  services: readonly Service[],
  onClash: (clash: AliasClash) => void,
): ReadonlyMap<string, Service> {
  const owners = new Map<string, Service>();
  const names = new Map(services.map((service) => [resourceName.service(service), service]));
  for (const name of [...names.keys()].sort()) {
    const service = names.get(name)!;
    for (const alias of aliasesOf(service)) {
      const owner = owners.get(alias);
      if (owner === undefined) owners.set(alias, service);
      else if (owner !== service) onClash({ alias, keptBy: resourceName.service(owner), lostBy: name });
    }
  }
  return owners;
}

function aliasesOf({ hostnames, virtualIps }: Service): readonly string[] {
  return [...hostnames, ...virtualIps];
}

function indexEntries<K extends Exclude<ResourceKind, 'routes'>>(
  kind: K,
  resources: readonly MeshResources[K][],
  before: ReadonlyMap<string, SnapshotEntry<K>> | undefined,
  aliasesOf: (resource: MeshResources[K]) => readonly string[] = () => [],
): ReadonlyMap<string, SnapshotEntry<K>> {
  const entries = new Map<string, SnapshotEntry<K>>();
  for (const resource of resources) {
    const name = resourceName[kind](resource);
    entries.set(name, entryOf(kind, resource, { aliases: aliasesOf(resource), before: before?.get(name) }));
  }
  return entries;
}

/** The entry as it was where it says the same. Aliases are part of what it says: they travel with it. */
function entryOf<K extends ResourceKind>(
  kind: K,
  resource: MeshResources[K],
  { aliases, before }: { aliases: readonly string[]; before: SnapshotEntry<K> | null | undefined },
): SnapshotEntry<K> {
  // Comparing costs a fraction of hashing, and most of a mesh says the same as before.
  if (before && isSameContent(before.resource, resource) && isSameContent(before.aliases, aliases)) {
    return before;
  }
  const version = contentHash(aliases.length === 0 ? resource : { aliases, resource });
  if (before?.version === version) return before;
  return { kind, name: resourceName[kind](resource), aliases, version, resource };
}

function routeEntries(
  variants: readonly RouteVariant[],
  before: SnapshotEntries['routes'] | null,
): SnapshotEntries['routes'] {
  const ports = new Map<string, MutableRouteEntries>();
  for (const { clientNamespace, table } of variants) {
    const name = resourceName.routes(table);
    const port = ports.get(name) ?? { producer: null, byClientNamespace: new Map() };
    ports.set(name, port);
    const known = before?.get(name);
    if (clientNamespace === null) port.producer = routeEntry(table, known?.producer);
    else {
      const beforeVariant = known?.byClientNamespace.get(clientNamespace);
      port.byClientNamespace.set(clientNamespace, routeEntry(table, beforeVariant));
    }
  }
  return ports;
}

interface MutableRouteEntries {
  producer: SnapshotEntry<'routes'> | null;
  readonly byClientNamespace: Map<string, SnapshotEntry<'routes'>>;
}

function routeEntry(
  table: RouteTable,
  before: SnapshotEntry<'routes'> | null | undefined,
): SnapshotEntry<'routes'> {
  return entryOf('routes', table, { aliases: [], before });
}

function isSame(a: SnapshotEntries, b: SnapshotEntries): boolean {
  return (
    hasSameValues(a.service, b.service) &&
    hasSameValues(a.peer, b.peer) &&
    hasSameValues(a.endpoints, b.endpoints) &&
    hasSameValues(a.workload, b.workload) &&
    hasSameValues(a.trustBundle, b.trustBundle) &&
    a.routes.size === b.routes.size &&
    [...b.routes].every(([name, routes]) => isSameRoutes(a.routes.get(name), routes))
  );
}

function isSameRoutes(a: RouteEntries | undefined, b: RouteEntries): boolean {
  return a?.producer === b.producer && hasSameValues(a.byClientNamespace, b.byClientNamespace);
}

function hasSameValues<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [name, value] of b) if (a.get(name) !== value) return false;
  return true;
}
