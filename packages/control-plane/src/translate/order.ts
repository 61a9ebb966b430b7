/** Compares texts by code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The values of a map in the order of their keys, so that the order of reading leaves no trace. */
export function inKeyOrder<V>(map: ReadonlyMap<string, V>): readonly V[] {
  return [...map].sort(([a], [b]) => compareText(a, b)).map(([, value]) => value);
}
