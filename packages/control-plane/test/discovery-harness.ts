import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import {
  type MeshResources,
  type ResourceKind,
  resourceKinds,
  resourceName,
  type SpiffeId,
  type Workload,
} from '@tulle/model';
import { MetricsRegistry, silentLogger, systemClock } from '@tulle/runtime';
import { DiscoveryClient, eventually } from '@tulle/testkit';
import {
  AggregatedDiscoveryService,
  addGrpcService,
  type DeltaDiscoveryResponse,
  typeUrls,
} from '@tulle/xds';
import type { DiscoveryLimits } from '../src/discovery/discovery-limits.ts';
import { createDiscoveryMetrics } from '../src/discovery/discovery-metrics.ts';
import { createDiscoveryService, type DiscoveryService } from '../src/discovery/discovery-service.ts';
import type { ClientView, Snapshot, SnapshotEntry, SnapshotSource } from '../src/snapshot/snapshot.ts';

/** Resources that a test places and takes away; `publish` makes a snapshot of what stands. */
export class FakeSource implements SnapshotSource {
  current: Snapshot | null = null;
  readonly #entries = new Map<string, SnapshotEntry>();
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #sequence = 0;

  put<K extends ResourceKind>(
    kind: K,
    resource: MeshResources[K],
    options: { version?: string; aliases?: readonly string[] } = {},
  ): void {
    const name = resourceName[kind](resource);
    const { version = '1', aliases = [] } = options;
    const entry: SnapshotEntry<K> = { kind, name, aliases, version, resource };
    this.#entries.set(`${kind} ${name}`, entry as SnapshotEntry);
  }

  service(name: string, version = '1', aliases: readonly string[] = [`${name}.shop`]): void {
    const service = { namespace: 'shop', name, ports: [], virtualIps: [], hostnames: aliases };
    this.put('service', service, { version, aliases });
  }

  endpoints(name: string, version = '1'): void {
    this.put(
      'endpoints',
      { namespace: 'shop', name, port: 80, protocol: 'http', endpoints: [] },
      { version },
    );
  }

  routes(name: string, version = '1'): void {
    this.put('routes', { namespace: 'shop', name, port: 80, rules: [] }, { version });
  }

  /** A pod of namespace `shop`. */
  workload(name: string, serviceAccount: string, version = '1'): void {
    const workload = {
      namespace: 'shop',
      name,
      identity: { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount },
      owner: name,
      addresses: ['10.1.0.1'],
      ports: [],
      defaultMtls: { mode: 'permissive', policy: 'default' },
      outbound: { unknownDestinations: 'allow' },
    } as const;
    this.put('workload', workload, { version });
  }

  remove(kind: ResourceKind, name: string): void {
    this.#entries.delete(`${kind} ${name}`);
  }

  publish(): void {
    const entries = [...this.#entries.values()];
    const current: Snapshot = {
      sequence: ++this.#sequence,
      lookup: (kind, name) =>
        entries.find((entry) => entry.kind === kind && entry.name === name) ??
        entries.find((entry) => entry.kind === kind && entry.aliases.includes(name)) ??
        null,
      list: (kind: ResourceKind, _client: ClientView) => entries.filter((entry) => entry.kind === kind),
      identityOf: (name) => {
        const entry = entries.find((candidate) => candidate.kind === 'workload' && candidate.name === name);
        return (entry?.resource as Workload | undefined)?.identity ?? null;
      },
      counts: () =>
        Object.fromEntries(resourceKinds.map((kind) => [kind, entries.length])) as Record<
          ResourceKind,
          number
        >,
    };
    this.current = current;
    for (const listener of this.#listeners) listener(current);
  }

  onChange(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

export const webIdentity: SpiffeId = {
  trustDomain: 'cluster.local',
  namespace: 'shop',
  serviceAccount: 'web',
};

export interface Harness {
  readonly source: FakeSource;
  readonly service: DiscoveryService;
  readonly registry: MetricsRegistry;
  /** Of the clients that connect from now on. */
  identity: SpiffeId | null;
  client(node?: string | null): DiscoveryClient;
  /** Until the server has read the requests that leave this many subscriptions. */
  untilSubscriptions(count: number): Promise<void>;
  stop(): void;
}

export interface HarnessOptions {
  readonly limits?: Partial<DiscoveryLimits>;
  readonly identity?: SpiffeId | null;
  readonly debounce?: { readonly quietMs: number; readonly maxMs: number };
  readonly server?: ServerOptions;
}

/** A discovery server on a loopback port. */
export async function startDiscovery(options: HarnessOptions = {}): Promise<Harness> {
  const source = new FakeSource();
  const registry = new MetricsRegistry();
  const service = createDiscoveryService({
    source,
    authenticate: () => harness.identity,
    clock: systemClock,
    logger: silentLogger,
    metrics: createDiscoveryMetrics(registry),
    debounce: options.debounce ?? { quietMs: 5, maxMs: 50 },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const server = new Server(options.server ?? {});
  addGrpcService(server, AggregatedDiscoveryService, service.handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const clients: DiscoveryClient[] = [];
  const harness: Harness = {
    source,
    identity: options.identity === undefined ? webIdentity : options.identity,
    service,
    registry,
    client(node = 'shop/web-1') {
      const client = new DiscoveryClient({ target: `127.0.0.1:${port}`, node });
      clients.push(client);
      return client;
    },
    untilSubscriptions: (count) =>
      eventually(() => {
        const types = service.describe().flatMap((proxy) => proxy.types);
        const total = types.reduce((sum, { subscriptions }) => sum + subscriptions, 0);
        if (total !== count) throw new Error(`${total} subscriptions, not ${count}`);
      }),
    stop() {
      for (const client of clients) client.close();
      server.forceShutdown();
    },
  };
  return harness;
}

/** What a response says, in short: `+name@version` and `-name`. */
export function told(response: DeltaDiscoveryResponse): string[] {
  return [
    ...response.resources.map(({ name, version }) => `+${name}@${version}`),
    ...response.removedResources.map((name) => `-${name}`),
  ];
}

/** The same with the type's kind in front: `service +shop/catalog@1`. */
export function toldByType(response: DeltaDiscoveryResponse): string {
  const kind =
    resourceKinds.find((candidate) => typeUrls[candidate] === response.typeUrl) ?? response.typeUrl;
  return `${kind} ${told(response).join(' ')}`;
}
