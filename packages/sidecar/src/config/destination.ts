import { formatServicePort, type RouteTable, type ServicePortName } from '@tulle/model';
import type { Clock, Logger } from '@tulle/runtime';
import type { ClusterLease, ClusterTable } from './cluster-table.ts';
import { backendsOf, compileRules } from './compile-routes.ts';
import type { CompiledRule, OutboundLookup } from './mesh-view.ts';
import type { ResourceSource, ResourceState, ResourceWatch } from './resource-source.ts';

export interface DestinationOptions {
  readonly source: ResourceSource;
  readonly clusters: ClusterTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long new routes wait for the endpoints of what they lead to, before they are put to work anyway. */
  readonly warmingMs: number;
}

type Found = Extract<OutboundLookup, { readonly kind: 'found' }>;
type Leases = ReadonlyMap<string, ClusterLease>;

/** Routes that wait for their clusters. `table` null: the port has no route any more. */
interface Warming {
  readonly table: RouteTable | null;
  readonly leases: Leases;
}

/**
 * One service port in use: its routes, compiled, and its clusters. Make before break: new routes replace the
 * old ones only when the endpoints of all that they lead to are known, for a bounded time.
 */
export class Destination {
  readonly name: string;
  readonly #options: DestinationOptions;
  readonly #home: ClusterLease;
  readonly #routes: ResourceWatch<'routes'>;
  readonly #onPublish = new Set<() => void>();
  #rules: readonly CompiledRule[] | null = null;
  #leases: Leases = new Map();
  #warming: Warming | null = null;
  #isOverdue = false;
  #cancelDeadline: () => void = () => {};
  /** Null until everything that a request needs has been answered. */
  found: Found | null = null;

  constructor(port: ServicePortName, options: DestinationOptions) {
    this.name = formatServicePort(port);
    this.#options = options;
    this.#home = options.clusters.lease(port, () => this.#advance());
    this.#routes = options.source.watch('routes', this.name, (state) => this.#onRoutes(state));
    this.#onRoutes(this.#routes.state);
  }

  /** `listener` is called after each time that `found` was replaced; the returned function ends it. */
  onPublish(listener: () => void): () => void {
    this.#onPublish.add(listener);
    return () => this.#onPublish.delete(listener);
  }

  close(): void {
    this.#cancelDeadline();
    this.#onPublish.clear();
    this.#routes.stop();
    this.#home.release();
    release(this.#leases);
    if (this.#warming !== null) release(this.#warming.leases);
    this.#warming = null;
  }

  #onRoutes(state: ResourceState<RouteTable>): void {
    if (state.kind === 'unknown') return;
    const table = state.kind === 'known' ? state.resource : null;
    const before = this.#warming;
    this.#warming = { table, leases: this.#leaseBackends(table) };
    // Released after the new ones were taken, so that what both lead to is kept.
    if (before !== null) release(before.leases);
    // Routes that keep changing still have the deadline of the first change.
    else this.#startDeadline();
    this.#advance();
  }

  #leaseBackends(table: RouteTable | null): Leases {
    const backends = table === null ? [] : backendsOf(table);
    return new Map(
      backends.map((backend) => [
        formatServicePort(backend),
        this.#options.clusters.lease(backend, () => this.#advance()),
      ]),
    );
  }

  #startDeadline(): void {
    const { clock, warmingMs } = this.#options;
    this.#isOverdue = false;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.schedule(warmingMs, () => {
      this.#isOverdue = true;
      this.#advance();
    });
  }

  /** Puts warming routes to work once their clusters are known. */
  #advance(): void {
    const warming = this.#warming;
    if (warming === null) return;
    const leases = [this.#home, ...warming.leases.values()];
    const missing = leases.filter((lease) => !lease.isAnswered).map(({ cluster }) => cluster.name);
    if (missing.length > 0 && !this.#isOverdue) return;
    if (missing.length > 0)
      this.#options.logger.warn('routes put to work before all endpoints are known', {
        destination: this.name,
        missing,
      });
    this.#cancelDeadline();
    this.#warming = null;
    const old = this.#leases;
    this.#leases = warming.leases;
    this.#rules =
      warming.table === null
        ? null
        : compileRules(warming.table, (name) => warming.leases.get(name)!.cluster);
    release(old);
    this.#publish();
  }

  #publish(): void {
    this.found = { kind: 'found', port: { rules: this.#rules, cluster: this.#home.cluster } };
    for (const listener of [...this.#onPublish]) listener();
  }
}

function release(leases: Leases): void {
  for (const lease of leases.values()) lease.release();
}
