import type { KubernetesKind, KubernetesKinds } from '@tulle/api';
import type { KindReflector, MakeReflector } from './kind-reflector.ts';
import { type ReadObject, readObject } from './read-object.ts';
import { reflectedKinds } from './reflected-kinds.ts';

/** The objects of one kind: as they change in the reflector, and as they were when they were last collected. */
export class KindTable<K extends KubernetesKind = KubernetesKind> {
  readonly kind: K;
  readonly isOptional: boolean;
  readonly reflector: KindReflector<ReadObject<K>>;
  readonly #changed = new Set<string>();
  readonly #odd = new Map<string, ReadObject<K>>();
  #objects: ReadonlyMap<string, KubernetesKinds[K]> = new Map();

  constructor(kind: K, reflect: MakeReflector) {
    const { type, isOptional } = reflectedKinds[kind];
    this.kind = kind;
    this.isOptional = isOptional;
    this.reflector = reflect({
      type,
      isOptional,
      read: (raw, previous: ReadObject<K> | undefined) => readObject(kind, raw, previous),
    });
  }

  /** Those in force at the last collection. */
  get objects(): ReadonlyMap<string, KubernetesKinds[K]> {
    return this.#objects;
  }

  /** Those with something to say of them, by key. */
  get odd(): ReadonlyMap<string, ReadObject<K>> {
    return this.#odd;
  }

  onChange(listener: () => void): () => void {
    return this.reflector.onChange((keys) => {
      for (const key of keys) this.#changed.add(key);
      listener();
    });
  }

  /** Takes over what has changed; the map of objects is replaced where any of them did, and else the same one. */
  collect(): { readonly isChanged: boolean } {
    let objects: Map<string, KubernetesKinds[K]> | null = null;
    let isOddChanged = false;
    for (const key of this.#changed) {
      const read = this.reflector.objects.get(key);
      isOddChanged = this.#noteOdd(key, read) || isOddChanged;
      const object = read?.object ?? undefined;
      if (object === this.#objects.get(key)) continue;
      objects ??= new Map(this.#objects);
      if (object === undefined) objects.delete(key);
      else objects.set(key, object);
    }
    this.#changed.clear();
    if (objects !== null) this.#objects = objects;
    return { isChanged: objects !== null || isOddChanged };
  }

  #noteOdd(key: string, read: ReadObject<K> | undefined): boolean {
    const known = this.#odd.get(key);
    const isOdd = read !== undefined && (read.rejection !== null || read.warnings.length > 0);
    if (known === (isOdd ? read : undefined)) return false;
    if (isOdd) this.#odd.set(key, read);
    else this.#odd.delete(key);
    return true;
  }
}
