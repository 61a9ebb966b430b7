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
  const unless = <E>(isSame: boolean, entries: E | undefined, make: (before: E | undefined) => E): E =>
    isSame && entries !== undefined ? entries : make(entries);
  const entries: SnapshotEntries = {
    service: unless(known?.services === mesh.services, before?.service, (known) =>
      serviceEntries(mesh.services, known),
    ),
    peer: unless(known?.peers === mesh.peers, before?.peer, (known) =>
      indexEntries('peer', mesh.peers, { before: known, aliasesOf: ({ addresses }) => addresses }),
    ),
    endpoints: unless(known?.endpoints === mesh.endpoints, before?.endpoints, (known) =>
      indexEntries('endpoints', mesh.endpoints, { before: known }),
    ),
    routes: unless(known?.routes === mesh.routes, before?.routes, (known) =>
      routeEntries(mesh.routes, known ?? null),
    ),
    workload: unless(known?.workloads === mesh.workloads, before?.workload, (known) =>
      indexEntries('workload', mesh.workloads, { before: known }),
    ),
    trustBundle: indexEntries('trustBundle', [trustBundle], { before: before?.trustBundle }),
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

interface IndexOptions<K extends ResourceKind> {
  readonly before: ReadonlyMap<string, SnapshotEntry<K>> | undefined;
  /** Of a resource by itself: the same resource has the same. */
  readonly aliasesOf?: (resource: MeshResources[K]) => readonly string[];
}

const noAliases = (): readonly string[] => [];

/**
 * The resources by name; the map as it was where all of them say the same. Both lists are in one order, so that
 * those that are the same objects meet each other: no name of theirs is put together.
 */
function indexEntries<K extends Exclude<ResourceKind, 'routes' | 'service'>>(
  kind: K,
  resources: readonly MeshResources[K][],
  { before = new Map(), aliasesOf = noAliases }: IndexOptions<K>,
): ReadonlyMap<string, SnapshotEntry<K>> {
  const known = [...before.values()];
  const entries = new Map<string, SnapshotEntry<K>>();
  let at = 0;
  let isSame = true;
  for (const resource of resources) {
    const beside = known[at];
    if (beside?.resource === resource) {
      entries.set(beside.name, beside);
      at++;
      continue;
    }
    const name = resourceName[kind](resource);
    const own = before.get(name);
    const entry = entryOf(kind, resource, { aliases: aliasesOf(resource), before: own });
    entries.set(name, entry);
    isSame &&= entry === own;
    if (own === undefined) continue;
    while (at < known.length && known[at] !== own) at++;
    at++;
  }
  return isSame && entries.size === before.size ? before : entries;
}

/** A service's aliases depend on the other services. */
function serviceEntries(
  services: readonly Service[],
  before: SnapshotEntries['service'] = new Map(),
): SnapshotEntries['service'] {
  const aliasesOf = uniqueAliases(services);
  const entries = new Map<string, SnapshotEntry<'service'>>();
  let isSame = true;
  for (const service of services) {
    const name = resourceName.service(service);
    const own = before.get(name);
    const entry = entryOf('service', service, { aliases: aliasesOf(service), before: own });
    entries.set(name, entry);
    isSame &&= entry === own;
  }
  return isSame && entries.size === before.size ? before : entries;
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

/** A map is the same one where its values are; only the routes' has to be looked through. */
function isSame(a: SnapshotEntries, b: SnapshotEntries): boolean {
  return (
    a.service === b.service &&
    a.peer === b.peer &&
    a.endpoints === b.endpoints &&
    a.workload === b.workload &&
    a.trustBundle === b.trustBundle &&
    (a.routes === b.routes || hasSameRoutes(a.routes, b.routes))
  );
}

function hasSameRoutes(a: SnapshotEntries['routes'], b: SnapshotEntries['routes']): boolean {
  return a.size === b.size && [...b].every(([name, routes]) => isSameRoutes(a.get(name), routes));
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
