import { formatName, formatServicePort, type Peer } from '@tulle/model';
import type { Cluster, OutboundLookup } from './mesh-view.ts';
import { mergeEndpoints } from './upstream-endpoint.ts';

export interface PeerPortsOptions {
  /** As the application dials it. */
  readonly address: string;
  readonly maxPorts: number;
  ownAddresses(): ReadonlySet<string>;
  /** Called before a port is given up: what was cached of it must go. */
  onRelease(): void;
}

type Found = Extract<OutboundLookup, { readonly kind: 'found' }>;

/** What lookups of one port find. */
export interface PeerTarget {
  readonly found: Found;
}

interface Entry extends PeerTarget {
  readonly port: number;
  readonly cluster: Cluster;
}

/** A pod that is addressed by its IP: for each port in use a cluster of exactly that endpoint. */
export class PeerPorts {
  readonly #options: PeerPortsOptions;
  readonly #entries = new Map<number, Entry>();
  #peer: Peer | null = null;

  constructor(options: PeerPortsOptions) {
    this.#options = options;
  }

  /** Null while the pod is not known. */
  target(port: number): PeerTarget | null {
    if (this.#peer === null) return null;
    return this.#entries.get(port) ?? this.#add(this.#peer, port);
  }

  /** Another pod at the address begins anew; the same one keeps its clusters, whose endpoint is replaced. */
  set(peer: Peer | null): void {
    const before = this.#peer;
    this.#peer = peer;
    if (before === null) return;
    if (peer === null || formatName(peer) !== formatName(before)) this.#clear();
    else this.refresh();
  }

  /** Compiles again what depends on the own addresses too. */
  refresh(): void {
    if (this.#peer === null) return;
    for (const entry of this.#entries.values()) this.#compile(this.#peer, entry);
  }

  #add(peer: Peer, port: number): Entry {
    if (this.#entries.size >= this.#options.maxPorts) this.#dropOldest();
    const { namespace, name } = peer;
    const cluster: Cluster = {
      name: formatServicePort({ namespace, name, port }),
      namespace,
      service: '',
      port,
      protocol: 'detect',
      endpoints: [],
    };
    const entry: Entry = { port, cluster, found: { kind: 'found', port: { rules: null, cluster } } };
    this.#compile(peer, entry);
    this.#entries.set(port, entry);
    return entry;
  }

  #compile(peer: Peer, { port, cluster }: Entry): void {
    const listed = peer.ports.find((candidate) => candidate.port === port);
    const { address, ownAddresses } = this.#options;
    const { owner } = peer;
    const transport = listed?.transport ?? peer.transport;
    const endpoint = { address, port, transport, workload: formatName(peer), owner };
    cluster.protocol = listed?.protocol ?? 'detect';
    cluster.endpoints = mergeEndpoints(cluster.endpoints, [endpoint], ownAddresses());
  }

  #dropOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest === undefined) return;
    this.#options.onRelease();
    this.#entries.delete(oldest);
  }

  #clear(): void {
    if (this.#entries.size === 0) return;
    this.#options.onRelease();
    this.#entries.clear();
  }
}
