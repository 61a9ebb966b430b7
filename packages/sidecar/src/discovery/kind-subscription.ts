import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import type { MeshResources, ResourceKind, Violation } from '@tulle/model';
import { type DeltaDiscoveryResponse, type Resource, ResourceSchema, typeUrls } from '@tulle/xds';
import type { ResourceState, ResourceWatch } from '../config/resource-source.ts';
import type { HeldKind, WireState } from './held-configuration.ts';
import { type Admission, readResource } from './read-resource.ts';
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

/** What an earlier life held, as it reads today. */
export interface ReadHeld {
  readonly violations: readonly Violation[];
  /**
   * It is subscribed to, and so kept up to date, until the returned function is called: what nobody else has
   * asked for by then is dropped.
   */
  take(onUntold: () => void): () => void;
}

const maxRejections = 100;

/** The subscriptions and resources of one kind, and what of them the control plane has not been told yet. */
export class KindSubscription<K extends ResourceKind> {
  readonly kind: K;
  readonly #admission: Admission;
  readonly #cache = new ResourceCache<K>();
  readonly #rejections = new Map<string, Rejection>();
  readonly #toSubscribe = new Set<string>();
  readonly #toUnsubscribe = new Set<string>();

  constructor(kind: K, admission: Admission) {
    this.kind = kind;
    this.#admission = admission;
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
      const read = readResource(this.kind, wire, this.#admission);
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

  /** What is known, for a next life; names that wait for their first answer are not. */
  held(): HeldKind {
    const answered = [...this.#cache.asked()].filter(({ state }) => state.kind !== 'unknown');
    return {
      names: answered.map(({ name }) => name),
      absent: answered.filter(({ state }) => state.kind === 'absent').map(({ name }) => name),
      resources: [...this.#cache.held()].flatMap(({ name, aliases, version, wire }) =>
        wire === null ? [] : [{ name, aliases, version, wire }],
      ),
    };
  }

  /** Decodes and checks what an earlier life held, before anybody has asked; `take` puts it to use. */
  readHeld({ names, absent, resources }: HeldKind): ReadHeld {
    const accepted: HeldResource<K>[] = [];
    const violations: Violation[] = [];
    for (const state of resources) {
      const read = readResource(this.kind, wireResourceOf(this.kind, state), this.#admission);
      if (read.ok) accepted.push(read.held);
      else
        for (const { path, reason } of read.violations)
          violations.push({ path: `${state.name}: ${path}`, reason });
    }
    const take = (onUntold: () => void) => {
      const watches = names.map((name) => this.watch(name, () => {}, onUntold));
      this.#cache.apply({ accepted, removed: absent });
      return () => {
        for (const watch of watches) watch.stop();
      };
    };
    return { violations, take };
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

function wireResourceOf(kind: ResourceKind, { name, aliases, version, wire }: WireState): Resource {
  return create(ResourceSchema, {
    name,
    aliases: [...aliases],
    version,
    resource: create(AnySchema, { typeUrl: typeUrls[kind], value: wire }),
  });
}
