import { type EndpointSet, formatServicePort, type ServicePortName } from '@tulle/model';
import type { Clock } from '@tulle/runtime';
import type { Cluster } from './mesh-view.ts';
import type { ResourceSource, ResourceState, ResourceWatch } from './resource-source.ts';
import { mergeEndpoints } from './upstream-endpoint.ts';

export interface ClusterTableOptions {
  readonly source: ResourceSource;
  readonly clock: Clock;
  /** How long a cluster that nothing uses stays subscribed: routes that go back and forth find it warm. */
  readonly graceMs: number;
  ownAddresses(): ReadonlySet<string>;
}

/** A use of a cluster; release it once. */
export interface ClusterLease {
  readonly cluster: Cluster;
  /** Whether discovery has said which endpoints there are, or that there are none. */
  readonly isAnswered: boolean;
  release(): void;
}

interface Entry {
  readonly cluster: Cluster;
  readonly watch: ResourceWatch<'endpoints'>;
  /** The listeners of those who wait for the first answer, one a lease. */
  readonly leases: Set<() => void>;
  cancelRemoval: () => void;
}

/** The clusters in use: each is one object for as long as it is known, whose endpoint list is replaced. */
export class ClusterTable {
  readonly #options: ClusterTableOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ClusterTableOptions) {
    this.#options = options;
  }

  /** `onAnswer` is called after each answer of discovery for this cluster. */
  lease(port: ServicePortName, onAnswer: () => void): ClusterLease {
    const entry = this.#entries.get(formatServicePort(port)) ?? this.#add(port);
    entry.cancelRemoval();
    // Each lease is its own listener, even where two give the same function.
    const listener = () => onAnswer();
    entry.leases.add(listener);
    return {
      cluster: entry.cluster,
      get isAnswered() {
        return entry.watch.state.kind !== 'unknown';
      },
      release: () => {
        if (!entry.leases.delete(listener) || entry.leases.size > 0) return;
        entry.cancelRemoval = this.#options.clock.schedule(this.#options.graceMs, () => this.#remove(entry));
      },
    };
  }

  clusters(): Cluster[] {
    return [...this.#entries.values()].map(({ cluster }) => cluster);
  }

  /** Compiles the endpoints again: the own addresses are others. */
  refresh(): void {
    for (const { cluster, watch } of this.#entries.values()) this.#take(cluster, watch.state);
  }

  close(): void {
    for (const entry of this.#entries.values()) {
      entry.cancelRemoval();
      entry.watch.stop();
    }
    this.#entries.clear();
  }

  #add(port: ServicePortName): Entry {
    const name = formatServicePort(port);
    const cluster: Cluster = {
      name,
      namespace: port.namespace,
      service: port.name,
      port: port.port,
      protocol: 'detect',
      endpoints: [],
    };
    const leases = new Set<() => void>();
    const onChange = (state: ResourceState<EndpointSet>) => {
      this.#take(cluster, state);
      for (const listener of [...leases]) listener();
    };
    const watch = this.#options.source.watch('endpoints', name, onChange);
    this.#take(cluster, watch.state);
    const entry: Entry = { cluster, watch, leases, cancelRemoval: () => {} };
    this.#entries.set(name, entry);
    return entry;
  }

  #remove({ cluster, watch, leases }: Entry): void {
    if (leases.size > 0) return;
    this.#entries.delete(cluster.name);
    watch.stop();
  }

  #take(cluster: Cluster, state: ResourceState<EndpointSet>): void {
    const isKnown = state.kind === 'known';
    if (isKnown) cluster.protocol = state.resource.protocol;
    const announced = isKnown ? state.resource.endpoints : [];
    cluster.endpoints = mergeEndpoints(cluster.endpoints, announced, this.#options.ownAddresses());
  }
}
