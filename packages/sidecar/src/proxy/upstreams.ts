import type { Cluster, UpstreamEndpoint } from '../config/mesh-view.ts';
import type { EdgeSeries } from '../metrics.ts';
import type { Balanced } from './balancer.ts';
import { EndpointPool, type PoolOptions } from './endpoint-pool.ts';
import type { Swept } from './sweep.ts';

/** A cluster nobody asked for this long gives its connections up. */
const UNUSED_CLUSTER_MS = 600_000;

/** An endpoint in the list of a cluster, with the series of the edge that was counted last. */
export class EndpointSlot implements Balanced {
  readonly pool: EndpointPool;
  readonly cluster: string;
  /** For `seriesDestination`; another destination finds its own by name. */
  series: EdgeSeries | null = null;
  seriesDestination = '';

  constructor(pool: EndpointPool, cluster: string) {
    this.pool = pool;
    this.cluster = cluster;
  }

  get endpoint(): UpstreamEndpoint {
    return this.pool.endpoint;
  }

  get inFlight(): number {
    return this.pool.inFlight;
  }

  get isAvoided(): boolean {
    return this.pool.avoidance.isAvoided;
  }

  admitsProbe(): boolean {
    return this.pool.admitsProbe();
  }
}

interface ClusterSlots {
  endpoints: readonly UpstreamEndpoint[];
  slots: readonly EndpointSlot[];
  usedMs: number;
  /** Since when there is none, where there was one before; else null. */
  emptySinceMs: number | null;
}

/** The pools of one side by endpoint, shared by every cluster that lists the endpoint. */
export class Upstreams implements Swept {
  readonly #options: PoolOptions;
  readonly #clusters = new Map<Cluster, ClusterSlots>();
  readonly #pools = new Map<string, EndpointPool>();
  #nowMs = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** The cluster's endpoints as they stand; rebuilt when discovery has replaced the list. */
  slotsOf(cluster: Cluster): readonly EndpointSlot[] {
    let known = this.#clusters.get(cluster);
    if (known === undefined || known.endpoints !== cluster.endpoints) {
      known = this.#rebuild(cluster, known);
    }
    known.usedMs = this.#nowMs;
    return known.slots;
  }

  /** Since when none of its endpoints can be reached. Null: one can, or there has never been one. */
  outSinceMs(cluster: Cluster): number | null {
    const known = this.#clusters.get(cluster);
    if (known === undefined || known.slots.length === 0) return known?.emptySinceMs ?? null;
    let sinceMs = 0;
    for (const { pool } of known.slots) {
      if (!pool.isAvoided) return null;
      sinceMs = Math.max(sinceMs, pool.avoidance.sinceMs);
    }
    return sinceMs;
  }

  /** Lets its connections go once they are idle. */
  forget(cluster: Cluster): void {
    const known = this.#clusters.get(cluster);
    if (known === undefined) return;
    this.#clusters.delete(cluster);
    release(known.slots);
  }

  /** An endpoint of no cluster, for one connection: nothing is kept of it. */
  looseSlot(endpoint: UpstreamEndpoint, name: string): EndpointSlot {
    return new EndpointSlot(new EndpointPool(endpoint, name, this.#options), name);
  }

  get openCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.openCount;
    return count;
  }

  /** Connections that are left to a large body each. */
  get bulkCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.bulkCount;
    return count;
  }

  get avoidedCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) if (pool.isAvoided) count++;
    return count;
  }

  get queuedCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.queuedCount;
    return count;
  }

  onSweep(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const [cluster, known] of this.#clusters) {
      if (nowMs - known.usedMs > UNUSED_CLUSTER_MS) {
        this.#clusters.delete(cluster);
        release(known.slots);
      } else if (known.endpoints !== cluster.endpoints) this.#rebuild(cluster, known);
    }
    for (const [key, pool] of this.#pools) {
      pool.onSweep(nowMs);
      if (pool.isUnused) this.#pools.delete(key);
    }
  }

  abort(): void {
    for (const pool of this.#pools.values()) pool.abort();
  }

  describe(): unknown {
    return [...this.#pools].map(([key, pool]) => ({
      endpoint: key,
      open: pool.openCount,
      idle: pool.idleCount,
      inFlight: pool.inFlight,
      bulk: pool.bulkCount,
      queued: pool.queuedCount,
      isAvoided: pool.isAvoided,
    }));
  }

  #rebuild(cluster: Cluster, before: ClusterSlots | undefined): ClusterSlots {
    const slots = cluster.endpoints.map((endpoint) => {
      const pool = this.#poolOf(endpoint, cluster.name);
      // What discovery announces anew may be another pod at the same address.
      if (pool.references === 0) pool.avoidance.clear();
      pool.references++;
      return before?.slots.find((slot) => slot.pool === pool) ?? new EndpointSlot(pool, cluster.name);
    });
    if (before !== undefined) release(before.slots);
    const made = {
      endpoints: cluster.endpoints,
      slots,
      usedMs: before?.usedMs ?? this.#nowMs,
      emptySinceMs: slots.length > 0 ? null : this.#emptySinceMs(before),
    };
    this.#clusters.set(cluster, made);
    return made;
  }

  #emptySinceMs(before: ClusterSlots | undefined): number | null {
    if (before === undefined) return null;
    return before.slots.length > 0 ? this.#nowMs : before.emptySinceMs;
  }

  #poolOf(endpoint: UpstreamEndpoint, cluster: string): EndpointPool {
    const { key, mesh } = endpoint;
    const name = mesh === null ? `${key}|plain` : `${key}|${mesh.spiffeId}|${mesh.port}`;
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new EndpointPool(endpoint, cluster, this.#options);
      this.#pools.set(name, pool);
    }
    return pool;
  }
}

function release(slots: readonly EndpointSlot[]): void {
  for (const { pool } of slots) pool.references--;
}
