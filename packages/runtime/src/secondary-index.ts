/** The values under which an object is found, few of them. Pure: it is asked again when the object goes. */
export type IndexValues<T> = (object: T) => readonly string[];

/** What is read of an index. */
export interface IndexView<T> {
  /** The objects under a value, by their keys. A live view: it changes as the objects do. */
  of(value: string): ReadonlyMap<string, T>;
}

const nothing: ReadonlyMap<string, never> = new Map<string, never>();

/**
 * Objects by something else than their keys, kept up with each change instead of being looked for among all of
 * them. A change costs a step for each value of its object, a look-up one; each value of an object takes a map's entry.
 */
export class SecondaryIndex<T> implements IndexView<T> {
  readonly #valuesOf: IndexValues<T>;
  readonly #objects = new Map<string, Map<string, T>>();

  constructor(valuesOf: IndexValues<T>) {
    this.#valuesOf = valuesOf;
  }

  of(value: string): ReadonlyMap<string, T> {
    return this.#objects.get(value) ?? nothing;
  }

  /** Takes over what became of one key (undefined: there is none), and gives the values under which that is seen. */
  update(key: string, before: T | undefined, after: T | undefined): ReadonlySet<string> {
    const touched = new Set(before === undefined ? [] : this.#valuesOf(before));
    const present = new Set(after === undefined ? [] : this.#valuesOf(after));
    for (const value of touched) if (!present.has(value)) this.#remove(value, key);
    if (after === undefined) return touched;
    for (const value of present) {
      this.#put(value, key, after);
      touched.add(value);
    }
    return touched;
  }

  #put(value: string, key: string, object: T): void {
    const known = this.#objects.get(value);
    if (known === undefined) this.#objects.set(value, new Map([[key, object]]));
    else known.set(key, object);
  }

  #remove(value: string, key: string): void {
    const known = this.#objects.get(value);
    known?.delete(key);
    if (known?.size === 0) this.#objects.delete(value);
  }
}
