import type { EndpointSet, MeshResources, ResourceKind, RouteTable, Service, Workload } from '@tulle/model';
import type { ResourceSource, ResourceState, ResourceWatch } from '../resource-source.ts';

type Listener = (state: ResourceState<never>) => void;

/** Discovery by hand: what is subscribed can be seen, and answered. */
export class FakeSource implements ResourceSource {
  readonly #states = new Map<string, ResourceState<never>>();
  readonly #listeners = new Map<string, Set<Listener>>();

  watch<K extends ResourceKind>(
    kind: K,
    name: string,
    onChange: (state: ResourceState<MeshResources[K]>) => void,
  ): ResourceWatch<K> {
    const key = `${kind} ${name}`;
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    const listener: Listener = (state) => onChange(state);
    listeners.add(listener);
    const state = () => this.#states.get(key) ?? { kind: 'unknown' as const };
    return {
      get state() {
        return state();
      },
      stop: () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        this.#listeners.delete(key);
        this.#states.delete(key);
      },
    };
  }

  /** `<kind> <name>` of everything subscribed. */
  get watched(): string[] {
    return [...this.#listeners.keys()].sort();
  }

  answer<K extends ResourceKind>(kind: K, name: string, resource: MeshResources[K] | null): void {
    const key = `${kind} ${name}`;
    const listeners = this.#listeners.get(key);
    if (listeners === undefined) throw new Error(`nobody asked for ${key}`);
    const state = resource === null ? { kind: 'absent' as const } : { kind: 'known' as const, resource };
    this.#states.set(key, state as ResourceState<never>);
    for (const listener of [...listeners]) listener(state as ResourceState<never>);
  }
}

export function service(name: string, ports: readonly number[] = [80]): Service {
  return {
    namespace: 'bookshop',
    name,
    ports: ports.map((port) => ({ port, name: `p${port}`, protocol: 'http' })),
    virtualIps: ['10.0.0.1'],
    hostnames: [`${name}.bookshop`],
  };
}

export function endpoints(name: string, addresses: readonly string[], port = 80): EndpointSet {
  return {
    namespace: 'bookshop',
    name,
    port,
    protocol: 'http',
    endpoints: addresses.map((address) => ({
      address,
      port: 8080,
      transport: {
        kind: 'mtls',
        identity: { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: name },
        meshPort: 15_006,
      },
      workload: `bookshop/${name}-${address}`,
      owner: name,
      zone: '',
    })),
  };
}

/** One rule that sends everything to the named services of the namespace by weight. */
export function routes(name: string, weights: Readonly<Record<string, number>>): RouteTable {
  return {
    namespace: 'bookshop',
    name,
    port: 80,
    rules: [
      {
        name: `bookshop/${name}/0`,
        match: { path: null, method: null, headers: [] },
        backends: Object.entries(weights).map(([backend, weight]) => ({
          kind: 'service',
          service: { namespace: 'bookshop', name: backend, port: 80 },
          weight,
        })),
      },
    ],
  };
}

/** `bookshop/web-0`: each port leads from a service, and takes both mutual TLS and plain. */
export function workload(own: Partial<Workload> = {}, ports: readonly number[] = []): Workload {
  const mtls = { mode: 'permissive', policy: 'default' } as const;
  return {
    namespace: 'bookshop',
    name: 'web-0',
    identity: { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: 'web' },
    owner: 'web',
    addresses: ['127.0.1.1'],
    ports: ports.map((port) => ({ port, services: [`bookshop/web:${port}`], protocol: 'http', mtls })),
    defaultMtls: mtls,
    outbound: { unknownDestinations: 'allow' },
    ...own,
  };
}
