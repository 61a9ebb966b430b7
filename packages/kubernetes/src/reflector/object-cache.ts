import { type IndexValues, type IndexView, SecondaryIndex } from '@tulle/runtime';
import { keyOf, type RawObject } from '../raw-object.ts';

/** Makes of an object what is kept of it; null: it is left out. What it returns is compared by identity. */
export type ReadObject<T> = (raw: RawObject, previous: T | undefined) => T | null;

export interface ObjectCacheOptions<T> {
  readonly read: ReadObject<T>;
  readonly onChanged: (key: string) => void;
  /** A read that threw; what was kept of the object before stands. */
  readonly onReadFailed: (key: string, thrown: unknown) => void;
  /** An index's function that threw; the object is under no value of that index. */
  readonly onIndexFailed: (index: string, thrown: unknown) => void;
}

/** Where a stream's objects go: into the cache, or to what will replace it. */
export interface ObjectSink {
  put(raw: RawObject): void;
  remove(raw: RawObject): void;
}

/** What is kept of each object, and the version that it was read from: the same version is not read again. */
export class ObjectCache<T> implements ObjectSink {
  readonly #objects = new Map<string, T>();
  readonly #indexes: SecondaryIndex<T>[] = [];
  /** Also of objects that are left out. */
  readonly #versions = new Map<string, string>();
  readonly #options: ObjectCacheOptions<T>;

  constructor(options: ObjectCacheOptions<T>) {
    this.#options = options;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** An index of what there is and what will be. It has each change when `onChanged` tells of it. */
  addIndex(name: string, valuesOf: IndexValues<T>): IndexView<T> {
    const index = new SecondaryIndex<T>((object) => {
      try {
        return valuesOf(object);
      } catch (thrown) {
        this.#options.onIndexFailed(name, thrown);
        return [];
      }
    });
    for (const [key, object] of this.#objects) index.update(key, undefined, object);
    this.#indexes.push(index);
    return index;
  }

  put(raw: RawObject): void {
    const key = keyOf(raw);
    const version = versionOf(raw);
    if (this.isKnown(key, version)) return;
    this.set(key, version, this.read(key, raw, this.#objects.get(key)));
  }

  remove(raw: RawObject): void {
    this.removeKey(keyOf(raw));
  }

  /** Collects a whole new state beside the current one, which stands until it is complete. */
  beginReplacement(): Replacement<T> {
    return new Replacement(this);
  }

  keys(): Iterable<string> {
    return this.#versions.keys();
  }

  isKnown(key: string, version: string): boolean {
    return version !== '' && this.#versions.get(key) === version;
  }

  read(key: string, raw: RawObject, previous: T | undefined): T | null {
    try {
      return this.#options.read(raw, previous);
    } catch (thrown) {
      this.#options.onReadFailed(key, thrown);
      return previous ?? null;
    }
  }

  set(key: string, version: string, value: T | null): void {
    this.#versions.set(key, version);
    this.#keep(key, value ?? undefined);
  }

  removeKey(key: string): void {
    this.#versions.delete(key);
    this.#keep(key, undefined);
  }

  #keep(key: string, value: T | undefined): void {
    const before = this.#objects.get(key);
    if (value === before) return;
    if (value === undefined) this.#objects.delete(key);
    else this.#objects.set(key, value);
    for (const index of this.#indexes) index.update(key, before, value);
    this.#options.onChanged(key);
  }
}

interface Staged<T> {
  readonly version: string;
  readonly value: T | null;
}

/** In place of an object that the cache has in the same version. */
const unchanged = Symbol('unchanged');

export class Replacement<T> implements ObjectSink {
  readonly #cache: ObjectCache<T>;
  readonly #staged = new Map<string, Staged<T> | typeof unchanged>();

  constructor(cache: ObjectCache<T>) {
    this.#cache = cache;
  }

  put(raw: RawObject): void {
    const key = keyOf(raw);
    const version = versionOf(raw);
    if (this.#cache.isKnown(key, version)) {
      this.#staged.set(key, unchanged);
      return;
    }
    const value = this.#cache.read(key, raw, this.#cache.objects.get(key));
    this.#staged.set(key, { version, value });
  }

  remove(raw: RawObject): void {
    this.#staged.delete(keyOf(raw));
  }

  /** Replaces the state of the cache in one go: what is not here has been deleted meanwhile. */
  commit(): void {
    for (const key of [...this.#cache.keys()]) if (!this.#staged.has(key)) this.#cache.removeKey(key);
    for (const [key, staged] of this.#staged) {
      if (staged !== unchanged) this.#cache.set(key, staged.version, staged.value);
    }
  }
}

function versionOf({ metadata }: RawObject): string {
  return metadata.resourceVersion ?? '';
}
