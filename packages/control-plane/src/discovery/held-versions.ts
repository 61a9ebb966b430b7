import type { ResourceKind } from '@tulle/model';
import type { ClientView, SnapshotEntry } from '../snapshot/snapshot.ts';
import type { ResourceUse } from '../translate/translated.ts';

/** A proxy that was sent a resource, and what became of it there. */
export interface Holder {
  /** `<namespace>/<pod>`. */
  readonly node: string;
  readonly namespace: string;
  /** The version in force at the proxy; null: none yet. */
  readonly taken: string | null;
  /** The version that it rejected last, until it takes one. */
  readonly refused: { readonly version: string; readonly reason: string } | null;
}

/** The kinds that objects' statuses depend on. Of the others nobody asks, and the largest meshes have most. */
export type HeldKind = ResourceUse['kind'];

/** Of all open streams: who holds which resource. Kept up with each answer, so that asking costs its holders. */
export class HeldVersions {
  readonly #holders: Readonly<Record<HeldKind, Map<string, Set<Holder>>>> = {
    routes: new Map(),
    workload: new Map(),
  };
  readonly #listeners = new Set<() => void>();
  #revision = 0;

  /** Changes whenever an answer could. */
  get revision(): number {
    return this.#revision;
  }

  /** Called often: in the middle of a stream's work, once for each resource. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Of a proxy that connects anew while its old stream is not found dead yet, the newer stream comes last. */
  holdersOf(kind: HeldKind, name: string): Iterable<Holder> {
    return this.#holders[kind].get(name) ?? [];
  }

  replace(
    kind: HeldKind,
    name: string,
    change: { readonly old: Holder | null; readonly new: Holder | null },
  ) {
    const { old: before, new: after } = change;
    const holders = this.#holders[kind].get(name) ?? new Set();
    if (before !== null) holders.delete(before);
    if (after !== null) holders.add(after);
    if (holders.size === 0) this.#holders[kind].delete(name);
    else this.#holders[kind].set(name, holders);
    this.#revision++;
    for (const listener of this.#listeners) listener();
  }
}

/** What one stream holds of one kind. */
export interface Holdings {
  sent(entries: readonly SnapshotEntry[]): void;
  taken(entries: readonly SnapshotEntry[]): void;
  refused(entries: readonly SnapshotEntry[], reason: string): void;
  /** The client has it from an earlier stream. */
  resumed(name: string, version: string): void;
  /** It was told to drop it, or let go of it by itself. */
  gone(name: string): void;
  clear(): void;
}

/** `client` is null before the first request, when nothing is held. */
export function holdingsOf(
  held: HeldVersions,
  kind: ResourceKind | null,
  client: ClientView | null,
): Holdings {
  if (client === null || (kind !== 'routes' && kind !== 'workload')) return noHoldings;
  return new StreamHoldings(held, kind, { node: client.workload, namespace: client.namespace });
}

/** Of kinds that nobody asks for. */
export const noHoldings: Holdings = {
  sent() {},
  taken() {},
  refused() {},
  resumed() {},
  gone() {},
  clear() {},
};

class StreamHoldings implements Holdings {
  readonly #index: HeldVersions;
  readonly #kind: HeldKind;
  readonly #proxy: Pick<Holder, 'node' | 'namespace'>;
  readonly #held = new Map<string, Holder>();

  constructor(index: HeldVersions, kind: HeldKind, proxy: Pick<Holder, 'node' | 'namespace'>) {
    this.#index = index;
    this.#kind = kind;
    this.#proxy = proxy;
  }

  sent(entries: readonly SnapshotEntry[]): void {
    for (const { name } of entries) {
      if (!this.#held.has(name)) this.#put(name, { taken: null, refused: null });
    }
  }

  taken(entries: readonly SnapshotEntry[]): void {
    for (const { name, version } of entries) {
      // Unsubscribed from while it was on its way: no longer used.
      if (this.#held.has(name)) this.#put(name, { taken: version, refused: null });
    }
  }

  refused(entries: readonly SnapshotEntry[], reason: string): void {
    for (const { name, version } of entries) {
      const held = this.#held.get(name);
      if (held !== undefined) this.#put(name, { taken: held.taken, refused: { version, reason } });
    }
  }

  resumed(name: string, version: string): void {
    this.#put(name, { taken: version, refused: null });
  }

  gone(name: string): void {
    const old = this.#held.get(name);
    if (old === undefined) return;
    this.#held.delete(name);
    this.#index.replace(this.#kind, name, { old, new: null });
  }

  clear(): void {
    for (const name of [...this.#held.keys()]) this.gone(name);
  }

  #put(name: string, state: Pick<Holder, 'taken' | 'refused'>): void {
    const holder: Holder = { ...this.#proxy, ...state };
    this.#index.replace(this.#kind, name, { old: this.#held.get(name) ?? null, new: holder });
    this.#held.set(name, holder);
  }
}
