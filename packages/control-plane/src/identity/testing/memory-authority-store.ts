import type { AuthorityChange, AuthorityStore, OwnAuthority, StoredAuthority } from '../authority-store.ts';

/** The authority as replicas share it, in memory: each has a store of its own on one of these. */
export class SharedAuthority {
  stored: StoredAuthority | null = null;
  rootsPem: string | null = null;
  readonly stores: MemoryAuthorityStore[] = [];

  open(): MemoryAuthorityStore {
    const store = new MemoryAuthorityStore(this);
    this.stores.push(store);
    return store;
  }

  /** As somebody from outside does, or another replica. */
  tell(change: AuthorityChange): void {
    for (const store of this.stores) store.tell(change);
  }
}

export class MemoryAuthorityStore implements AuthorityStore {
  readonly location = 'memory';
  readonly #shared: SharedAuthority;
  readonly #listeners = new Set<(change: AuthorityChange) => void>();
  #seen: StoredAuthority | null = null;

  constructor(shared: SharedAuthority) {
    this.#shared = shared;
  }

  tell(change: AuthorityChange): void {
    if (change.kind === 'stored') this.#seen = change.stored;
    for (const listener of this.#listeners) listener(change);
  }

  async read(): Promise<StoredAuthority | null> {
    this.#seen = this.#shared.stored;
    return this.#seen;
  }

  async create(authority: OwnAuthority): Promise<StoredAuthority> {
    this.#shared.stored ??= authority;
    this.#seen = this.#shared.stored;
    return this.#seen;
  }

  async replaceIntermediate(intermediate: string): Promise<StoredAuthority> {
    const { stored } = this.#shared;
    if (stored === this.#seen && stored?.kind === 'own') this.#shared.stored = { ...stored, intermediate };
    this.#seen = this.#shared.stored;
    return this.#seen!;
  }

  async publishedRoots(): Promise<string | null> {
    return this.#shared.rootsPem;
  }

  async publishRoots(rootsPem: string): Promise<void> {
    this.#shared.rootsPem = rootsPem;
  }

  onChange(listener: (change: AuthorityChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
