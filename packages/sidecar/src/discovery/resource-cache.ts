import type { MeshResources, ResourceKind } from '@tulle/model';
import type { ResourceState } from '../config/resource-source.ts';

/** A resource as it was accepted last. */
export interface HeldResource<K extends ResourceKind> {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly version: string;
  readonly resource: MeshResources[K];
  /** As it came; null where nobody keeps it for a next life. */
  readonly wire: Uint8Array | null;
}

export type ResourceListener<K extends ResourceKind> = (state: ResourceState<MeshResources[K]>) => void;

/** A name that is subscribed to, which may be an alias of the resource that answers it. */
export interface AskedName<K extends ResourceKind> {
  readonly name: string;
  readonly listeners: Set<ResourceListener<K>>;
  state: ResourceState<MeshResources[K]>;
}

export interface CacheUpdate<K extends ResourceKind> {
  readonly accepted: readonly HeldResource<K>[];
  /** Names or aliases that do not exist (any more). */
  readonly removed: readonly string[];
}

const unknown = { kind: 'unknown' } as const;
const absent = { kind: 'absent' } as const;

/**
 * The names asked for and the last good resources of one kind. It knows nothing of streams, so that what it
 * holds survives a disconnect. A resource is held for as long as a name asked for leads to it.
 */
export class ResourceCache<K extends ResourceKind> {
  readonly #asked = new Map<string, AskedName<K>>();
  readonly #held = new Map<string, HeldResource<K>>();
  readonly #byAlias = new Map<string, HeldResource<K>>();

  /** The entry of a name, made where it is new; what is in memory under another name answers at once. */
  ask(name: string): { readonly asked: AskedName<K>; readonly isNew: boolean } {
    const known = this.#asked.get(name);
    if (known !== undefined) return { asked: known, isNew: false };
    const held = this.#resolve(name);
    const state = held === null ? unknown : { kind: 'known' as const, resource: held.resource };
    const asked: AskedName<K> = { name, listeners: new Set(), state };
    this.#asked.set(name, asked);
    return { asked, isNew: true };
  }

  forget(name: string): void {
    const held = this.#resolve(name);
    this.#asked.delete(name);
    if (held !== null) this.#dropUnreachable(held);
  }

  askedNames(): string[] {
    return [...this.#asked.keys()];
  }

  asked(): IterableIterator<AskedName<K>> {
    return this.#asked.values();
  }

  held(): IterableIterator<HeldResource<K>> {
    return this.#held.values();
  }

  /** Versions by resource name: what a new stream need not send again. */
  versions(): Record<string, string> {
    return Object.fromEntries([...this.#held.values()].map(({ name, version }) => [name, version]));
  }

  /** Applies an update as a whole and says which asked names have a new state. Listeners are the caller's. */
  apply({ accepted, removed }: CacheUpdate<K>): AskedName<K>[] {
    const touched = new Set<string>();
    for (const next of accepted) this.#put(next, touched);
    for (const name of removed) this.#remove(name, touched);
    const changed: AskedName<K>[] = [];
    for (const name of touched) {
      const asked = this.#asked.get(name);
      if (asked !== undefined && this.#settle(asked)) changed.push(asked);
    }
    return changed;
  }

  #settle(asked: AskedName<K>): boolean {
    const held = this.#resolve(asked.name);
    const before = asked.state;
    if (held === null) {
      asked.state = absent;
      return before.kind !== 'absent';
    }
    if (before.kind === 'known' && before.resource === held.resource) return false;
    asked.state = { kind: 'known', resource: held.resource };
    return true;
  }

  #put(next: HeldResource<K>, touched: Set<string>): void {
    // Nobody asked (any more): an answer that crossed with an unsubscription.
    const isAskedFor = [next.name, ...next.aliases].some((name) => this.#asked.has(name));
    if (!isAskedFor && !this.#held.has(next.name)) return;
    const before = this.#held.get(next.name);
    // The version stands for the content: keeping the object keeps all that was compiled from it.
    const kept =
      before !== undefined && before.version === next.version ? { ...next, resource: before.resource } : next;
    if (before !== undefined) this.#drop(before);
    for (const name of [...(before?.aliases ?? []), next.name, ...next.aliases]) touched.add(name);
    this.#held.set(kept.name, kept);
    for (const alias of kept.aliases) this.#point(alias, kept);
    this.#dropUnreachable(kept);
  }

  #remove(name: string, touched: Set<string>): void {
    touched.add(name);
    const held = this.#held.get(name);
    if (held === undefined) {
      // An alias that no longer leads anywhere; the resource itself may stand under its other names.
      this.#point(name, null);
      return;
    }
    this.#drop(held);
    for (const alias of held.aliases) touched.add(alias);
  }

  #drop(held: HeldResource<K>): void {
    if (this.#held.get(held.name) === held) this.#held.delete(held.name);
    // An alias may have moved on to another resource meanwhile.
    for (const alias of held.aliases) if (this.#byAlias.get(alias) === held) this.#byAlias.delete(alias);
  }

  #resolve(name: string): HeldResource<K> | null {
    return this.#held.get(name) ?? this.#byAlias.get(name) ?? null;
  }

  /** An alias leads to this resource from now on; the one that it led to before may have no other. */
  #point(alias: string, held: HeldResource<K> | null): void {
    const before = this.#byAlias.get(alias);
    if (held === null) this.#byAlias.delete(alias);
    else this.#byAlias.set(alias, held);
    if (before !== undefined && before !== held) this.#dropUnreachable(before);
  }

  #dropUnreachable(held: HeldResource<K>): void {
    const isReached = (alias: string) => this.#asked.has(alias) && this.#byAlias.get(alias) === held;
    if (!this.#asked.has(held.name) && !held.aliases.some(isReached)) this.#drop(held);
  }
}
