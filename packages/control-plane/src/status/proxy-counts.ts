/** How far what an object says has come: on how many of the proxies that use it the present version is in force. */
import type { HeldVersions, Holder } from '../discovery/held-versions.ts';
import type { MeshSnapshot } from '../snapshot/mesh-snapshot.ts';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';
import type { ResourceUse } from '../translate/translated.ts';

export interface ProxyCounts {
  /** Connected, and sent the resource. */
  readonly proxies: number;
  /** Those that took the present version. */
  readonly inForce: number;
  /** Those that rejected it; the others have yet to answer. */
  readonly rejected: number;
  /** One of those, so that its reason need not be sought. */
  readonly firstRejection: ProxyRejection | null;
}

export interface ProxyRejection {
  readonly node: string;
  readonly reason: string;
}

export const noProxies: ProxyCounts = { proxies: 0, inForce: 0, rejected: 0, firstRejection: null };

/** An object that became several resources is in force on a proxy that took all of those that it uses. */
export function countProxies(held: HeldVersions, snapshot: MeshSnapshot, use: ResourceUse): ProxyCounts {
  const states = new Map<string, ProxyState>();
  for (const name of use.names) {
    // Of two streams of one proxy the newer one tells.
    const latest = new Map<string, ProxyState>();
    for (const holder of held.holdersOf(use.kind, name)) {
      const entry = entryFor(snapshot, use, name, holder);
      if (entry !== null) latest.set(holder.node, stateOf(holder, entry));
    }
    for (const [node, state] of latest) states.set(node, worse(states.get(node), state));
  }
  return tally(states);
}

export function addCounts(a: ProxyCounts, b: ProxyCounts): ProxyCounts {
  return {
    proxies: a.proxies + b.proxies,
    inForce: a.inForce + b.inForce,
    rejected: a.rejected + b.rejected,
    firstRejection: firstByNode(a.firstRejection, b.firstRejection),
  };
}

type ProxyState =
  | { readonly kind: 'in-force' | 'pending' }
  | { readonly kind: 'rejected'; readonly reason: string };

/** What this proxy is to have for the object's sake; null where another variant of the routes is meant for it. */
function entryFor(
  { entries }: MeshSnapshot,
  use: ResourceUse,
  name: string,
  holder: Holder,
): SnapshotEntry | null {
  if (use.kind === 'workload') return entries.workload.get(name) ?? null;
  const routes = entries.routes.get(name);
  if (routes === undefined) return null;
  const own = routes.byClientNamespace.get(holder.namespace);
  if (use.clientNamespace === null) return own === undefined ? routes.producer : null;
  return holder.namespace === use.clientNamespace ? (own ?? null) : null;
}

function stateOf({ taken, refused }: Holder, { version }: SnapshotEntry): ProxyState {
  if (refused?.version === version) return { kind: 'rejected', reason: refused.reason };
  return { kind: taken === version ? 'in-force' : 'pending' };
}

const severity = { 'in-force': 0, pending: 1, rejected: 2 } as const;

function worse(a: ProxyState | undefined, b: ProxyState): ProxyState {
  return a !== undefined && severity[a.kind] >= severity[b.kind] ? a : b;
}

function tally(states: ReadonlyMap<string, ProxyState>): ProxyCounts {
  let [inForce, rejected] = [0, 0];
  let firstRejection: ProxyRejection | null = null;
  for (const [node, state] of states) {
    if (state.kind === 'in-force') inForce++;
    if (state.kind !== 'rejected') continue;
    rejected++;
    firstRejection = firstByNode(firstRejection, { node, reason: state.reason });
  }
  return { proxies: states.size, inForce, rejected, firstRejection };
}

/** The first by name, so that the same proxies always give the same message. */
function firstByNode(a: ProxyRejection | null, b: ProxyRejection | null): ProxyRejection | null {
  if (a === null || b === null) return a ?? b;
  return a.node <= b.node ? a : b;
}
