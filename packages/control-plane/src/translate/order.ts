import type { ObjectMeta } from '@tulle/api';

/** Compares texts by code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The values of a map in the order of their keys, so that the order of reading leaves no trace. */
export function inKeyOrder<V>(map: ReadonlyMap<string, V>): readonly V[] {
  return [...map].sort(([a], [b]) => compareText(a, b)).map(([, value]) => value);
}

/** When the object was made, in ms; Infinity where no cluster has stored it yet. */
export function createdMsOf({ metadata }: { readonly metadata: ObjectMeta }): number {
  const { creationTimestamp } = metadata;
  return creationTimestamp === null ? Number.POSITIVE_INFINITY : Date.parse(creationTimestamp);
}

/** The oldest first. Not by subtraction: two times that are both Infinity are equal. */
export function compareAge(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The keys of a map in their order, asked for again as the map changes a little each time: little is sorted then. */
export class KeyOrder {
  #map: ReadonlyMap<string, unknown> = new Map();
  #keys: readonly string[] = [];

  of(map: ReadonlyMap<string, unknown>): readonly string[] {
    if (map === this.#map) return this.#keys;
    const added: string[] = [];
    for (const key of map.keys()) if (!this.#map.has(key)) added.push(key);
    const isWhole = this.#keys.length + added.length === map.size;
    const kept = isWhole ? this.#keys : this.#keys.filter((key) => map.has(key));
    this.#keys = added.length === 0 ? kept : [...kept, ...added].sort(compareText);
    this.#map = map;
    return this.#keys;
  }
}
