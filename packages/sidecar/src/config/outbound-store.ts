import { isIP } from 'node:net';
import { formatServicePort, type NamespacedName, type Service, type UnknownDestinations } from '@tulle/model';
import type { Clock, Component, Logger } from '@tulle/runtime';
import type { OutboundStoreMetrics } from '../control-metrics.ts';
import { parseAuthority } from './authority.ts';
import { ClusterTable } from './cluster-table.ts';
import { Destination } from './destination.ts';
import { type DestinationLease, Host, type ReadyTarget, timedOut, unknownHost } from './host.ts';
import type { OutboundLookup, OutboundView } from './mesh-view.ts';
import { OwnWorkload } from './own-workload.ts';
import type { ResourceSource } from './resource-source.ts';

export interface OutboundStoreOptions {
  readonly source: ResourceSource;
  /** Whose sidecar this is. A single-label host is looked up in its namespace. */
  readonly workload: NamespacedName;
  /** How long a lookup may wait for discovery. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly metrics: OutboundStoreMetrics;
  readonly logger: Logger;
  readonly limits?: Partial<OutboundLimits>;
}

export interface OutboundLimits {
  /** Hosts subscribed to at a time, those that do not exist included. */
  readonly maxHosts: number;
  /** Spellings of authorities remembered; beyond it they are forgotten and read anew. */
  readonly maxAuthorities: number;
  /** Ports of one pod that is addressed by its IP; beyond it the one first used is made anew when next used. */
  readonly maxPortsPerPod: number;
  /** Lookups that wait for one host; more of them time out at once. */
  readonly maxWaiting: number;
  /** A host unused for this long is unsubscribed. */
  readonly idleMs: number;
  readonly warmingMs: number;
  readonly clusterGraceMs: number;
}

const defaultLimits: OutboundLimits = {
  maxHosts: 1_000,
  maxAuthorities: 4_096,
  maxPortsPerPod: 1_024,
  maxWaiting: 1_024,
  idleMs: 600_000,
  warmingMs: 5_000,
  clusterGraceMs: 30_000,
};

const sweepMs = 60_000;
/** RFC 4291, section 2.5.5.2, as node prints it. */
const ipv4Mapped = '::ffff:';

interface Route {
  readonly host: Host;
  readonly target: ReadyTarget;
}

interface SharedDestination {
  readonly destination: Destination;
  uses: number;
}

/**
 * Destinations on demand: a host is subscribed to when the application first asks for it, and dropped when
 * it no longer does, so that memory follows what is used and not the size of the mesh.
 */
export class OutboundStore implements OutboundView, Component {
  readonly name = 'outbound-store';
  readonly #options: OutboundStoreOptions;
  readonly #limits: OutboundLimits;
  readonly #own: OwnWorkload;
  readonly #clusters: ClusterTable;
  /** By authority as clients spell it; only what is ready for requests. The request path's one look-up. */
  readonly #byAuthority = new Map<string, Route>();
  readonly #hosts = new Map<string, Host>();
  readonly #destinations = new Map<string, SharedDestination>();
  #cancelSweep: () => void = () => {};

  constructor(options: OutboundStoreOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    const { source, clock, workload } = options;
    this.#own = new OwnWorkload({ source, workload, onAddresses: () => this.#refresh() });
    const graceMs = this.#limits.clusterGraceMs;
    this.#clusters = new ClusterTable({ source, clock, graceMs, ownAddresses: this.#ownAddresses });
  }

  async start(): Promise<void> {
    this.#own.start();
    this.#scheduleSweep();
  }

  async stop(): Promise<void> {
    this.#cancelSweep();
    this.#own.stop();
    for (const host of [...this.#hosts.values()]) this.#drop(host);
    this.#clusters.close();
  }

  lookup(authority: string): OutboundLookup {
    const route = this.#byAuthority.get(authority);
    if (route === undefined) return this.#find(authority);
    route.host.isUsed = true;
    return route.target.found!;
  }

  lookupAddress(address: string, port: number): OutboundLookup {
    const name = address.startsWith(ipv4Mapped) ? address.slice(ipv4Mapped.length) : address;
    const host = this.#hosts.get(name) ?? this.#add(name);
    // Never outside: a pod of the mesh would be spoken to in plain.
    if (host === null) return timedOut;
    host.isUsed = true;
    return host.lookup(port);
  }

  get unknownDestinations(): UnknownDestinations {
    return this.#own.unknownDestinations;
  }

  /** Hosts, services with their routes, and clusters with their endpoints, for the config dump. */
  describe(): unknown {
    return {
      hosts: [...this.#hosts.values()].map(({ name, state, idleSweeps }) => ({
        host: name,
        state: state.kind,
        leadsTo: state.kind === 'known' ? `${state.resource.namespace}/${state.resource.name}` : null,
        idleSweeps,
      })),
      destinations: [...this.#destinations].map(([name, { destination }]) => ({
        name,
        ready: destination.found !== null,
        rules: destination.found?.port.rules?.map(({ rule }) => rule) ?? null,
      })),
      clusters: this.#clusters.clusters().map(({ name, endpoints }) => ({ name, endpoints })),
    };
  }

  #find(authority: string): OutboundLookup {
    const parsed = parseAuthority(authority, this.#options.workload.namespace);
    if (parsed === null) return unknownHost;
    const host = this.#hosts.get(parsed.host) ?? this.#add(parsed.host);
    // Every host held is in use: an application that scans names is refused new ones, not served forever.
    if (host === null) return unknownHost;
    host.isUsed = true;
    const lookup = host.lookup(parsed.port);
    const target = lookup.kind === 'found' ? host.ready(parsed.port) : null;
    if (target !== null) {
      if (this.#byAuthority.size >= this.#limits.maxAuthorities) this.#byAuthority.clear();
      this.#byAuthority.set(authority, { host, target });
    }
    return lookup;
  }

  #add(name: string): Host | null {
    const { source, clock, waitMs, metrics } = this.#options;
    if (this.#hosts.size >= this.#limits.maxHosts && !this.#evict()) {
      metrics.refusals.inc();
      return null;
    }
    const host = new Host(name, {
      source,
      clock,
      waitMs,
      maxWaiting: this.#limits.maxWaiting,
      isAddress: isIP(name) !== 0,
      maxPorts: this.#limits.maxPortsPerPod,
      ownAddresses: this.#ownAddresses,
      lease: (service, port) => this.#lease(service, port),
      onRelease: () => this.#byAuthority.clear(),
      onTimeout: () => metrics.timeouts.inc(),
    });
    this.#hosts.set(name, host);
    metrics.hosts.set(this.#hosts.size);
    return host;
  }

  #lease(service: Service, port: number): DestinationLease | null {
    if (service.ports.every((candidate) => candidate.port !== port)) return null;
    const servicePort = { namespace: service.namespace, name: service.name, port };
    const name = formatServicePort(servicePort);
    const shared =
      this.#destinations.get(name) ??
      this.#share(name, new Destination(servicePort, this.#destinationOptions()));
    shared.uses++;
    const release = () => {
      if (--shared.uses > 0) return;
      this.#destinations.delete(name);
      shared.destination.close();
    };
    return { destination: shared.destination, release };
  }

  #share(name: string, destination: Destination): SharedDestination {
    const shared = { destination, uses: 0 };
    this.#destinations.set(name, shared);
    return shared;
  }

  #destinationOptions() {
    const { source, clock, logger } = this.#options;
    return { source, clock, logger, clusters: this.#clusters, warmingMs: this.#limits.warmingMs };
  }

  readonly #ownAddresses = (): ReadonlySet<string> => this.#own.addresses;

  #refresh(): void {
    this.#clusters.refresh();
    for (const host of this.#hosts.values()) host.refresh();
  }

  /** Makes room for one host: the oldest that exists not, else the one that has been idle for longest. */
  #evict(): boolean {
    let victim: Host | null = null;
    for (const host of this.#hosts.values()) {
      if (host.isWaitedFor) continue;
      if (host.state.kind !== 'known') {
        victim = host;
        break;
      }
      const isIdle = !host.isUsed && host.idleSweeps > 0;
      if (isIdle && (victim === null || host.idleSweeps > victim.idleSweeps)) victim = host;
    }
    if (victim === null) return false;
    this.#options.metrics.evictions.inc();
    this.#drop(victim);
    return true;
  }

  #drop(host: Host): void {
    this.#hosts.delete(host.name);
    host.close();
    this.#options.metrics.hosts.set(this.#hosts.size);
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#options.clock.schedule(sweepMs, () => {
      this.#sweep();
      this.#scheduleSweep();
    });
  }

  #sweep(): void {
    for (const host of [...this.#hosts.values()]) {
      host.idleSweeps = host.isUsed ? 0 : host.idleSweeps + 1;
      host.isUsed = false;
      if (host.idleSweeps * sweepMs >= this.#limits.idleMs && !host.isWaitedFor) this.#drop(host);
    }
  }
}
