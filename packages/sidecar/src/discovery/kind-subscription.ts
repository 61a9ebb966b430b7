import type { MeshResources, ResourceKind, Violation } from '@tulle/model';
import { type DeltaDiscoveryResponse, typeUrls } from '@tulle/xds';
import type { ResourceState, ResourceWatch } from '../config/resource-source.ts';
import { type AdmissionChecks, readResource } from './read-resource.ts';
import { type AskedName, type HeldResource, ResourceCache } from './resource-cache.ts';

/** A version of a resource that was refused; the last good one, if any, stays in use. */
export interface Rejection {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly version: string;
  readonly violations: readonly Violation[];
  readonly atMs: number;
}

/** The fields of a request that tell the control plane what is subscribed to. */
export interface SubscriptionRequest {
  readonly typeUrl: string;
  readonly resourceNamesSubscribe: string[];
  readonly resourceNamesUnsubscribe: string[];
  readonly initialResourceVersions: Record<string, string>;
}

export interface TakenResponse<K extends ResourceKind> {
  readonly rejected: readonly Rejection[];
  readonly changed: readonly AskedName<K>[];
}

const maxRejections = 100;

/** The subscriptions and resources of one kind, and what of them the control plane has not been told yet. */
export class KindSubscription<K extends ResourceKind> {
  readonly kind: K;
  readonly #checks: AdmissionChecks;
  readonly #cache = new ResourceCache<K>();
  readonly #rejections = new Map<string, Rejection>();
  readonly #toSubscribe = new Set<string>();
  readonly #toUnsubscribe = new Set<string>();

  constructor(kind: K, checks: AdmissionChecks) {
    this.kind = kind;
    this.#checks = checks;
  }

  /** `onUntold` is called when there is something to tell. */
  watch(
    name: string,
    onChange: (state: ResourceState<MeshResources[K]>) => void,
    onUntold: () => void,
  ): ResourceWatch<K> {
    const { asked, isNew } = this.#cache.ask(name);
    // Each watch is its own listener, even where two give the same function.
    const listener = (state: ResourceState<MeshResources[K]>) => onChange(state);
    asked.listeners.add(listener);
    if (isNew) {
      this.#toUnsubscribe.delete(name);
      this.#toSubscribe.add(name);
      onUntold();
    }
    return {
      get state() {
        return asked.state;
      },
      stop: () => {
        if (!asked.listeners.delete(listener) || asked.listeners.size > 0) return;
        this.#forget(name);
        onUntold();
      },
    };
  }

  /** Opens the kind on a new stream; null where nothing is subscribed. */
  initialRequest(): SubscriptionRequest | null {
    this.#toSubscribe.clear();
    this.#toUnsubscribe.clear();
    const names = this.#cache.askedNames();
    return names.length === 0 ? null : this.#request(names, [], this.#cache.versions());
  }

  /** What changed since the last request of this stream; null where nothing did. */
  changeRequest(): SubscriptionRequest | null {
    if (this.#toSubscribe.size === 0 && this.#toUnsubscribe.size === 0) return null;
    const request = this.#request([...this.#toSubscribe], [...this.#toUnsubscribe], {});
    this.#toSubscribe.clear();
    this.#toUnsubscribe.clear();
    return request;
  }

  /** Takes what is good of a response; what is not leaves the last good one in place. */
  take(response: DeltaDiscoveryResponse, atMs: number): TakenResponse<K> {
    const accepted: HeldResource<K>[] = [];
    const rejected: Rejection[] = [];
    for (const wire of response.resources) {
      const read = readResource(this.kind, wire, this.#checks);
      this.#rejections.delete(wire.name);
      if (read.ok) accepted.push(read.held);
      else {
        const { name, version } = wire;
        rejected.push({ kind: this.kind, name, version, violations: read.violations, atMs });
      }
    }
    for (const name of response.removedResources) this.#rejections.delete(name);
    for (const rejection of rejected)
      if (this.#rejections.size < maxRejections) this.#rejections.set(rejection.name, rejection);
    return { rejected, changed: this.#cache.apply({ accepted, removed: response.removedResources }) };
  }

  rejections(): IterableIterator<Rejection> {
    return this.#rejections.values();
  }

  describe(): unknown {
    return {
      subscribed: Object.fromEntries([...this.#cache.asked()].map(({ name, state }) => [name, state.kind])),
      versions: this.#cache.versions(),
      rejected: [...this.#rejections.values()],
    };
  }

  #forget(name: string): void {
    this.#cache.forget(name);
    this.#rejections.delete(name);
    // Told even if the subscription itself was not yet: an unknown name is ignored by the server, while a
    // subscription left behind would be served for ever.
    this.#toSubscribe.delete(name);
    this.#toUnsubscribe.add(name);
  }

  #request(
    subscribe: string[],
    unsubscribe: string[],
    initialResourceVersions: Record<string, string>,
  ): SubscriptionRequest {
    return {
      typeUrl: typeUrls[this.kind],
      resourceNamesSubscribe: subscribe,
      resourceNamesUnsubscribe: unsubscribe,
      initialResourceVersions,
    };
  }
}
