import type { RawNamed } from '../pod/raw-pod.ts';

export interface Placement<T extends RawNamed> {
  /** The list as it stands, perhaps with ours of an earlier injection in it. */
  readonly standing: readonly T[];
  /** The same without ours. */
  readonly others: readonly T[];
  readonly own: readonly T[];
  /** Ours, over what stands under its name. */
  readonly overlay: (standing: T | undefined, own: T) => T;
  readonly where: 'first' | 'last';
  /** Nothing of others may stand behind. */
  readonly isStrict?: boolean;
}

/**
 * The list with ours in it: put in at its place, or left where an earlier injection has put it, since what others have
 * placed before or behind it meanwhile is their choice.
 */
export function placeOwn<T extends RawNamed>(placement: Placement<T>): readonly T[] {
  const { standing, others, own, overlay, where } = placement;
  const placed = new Map(
    own.map((one) => [
      one.name,
      overlay(
        standing.find(({ name }) => name === one.name),
        one,
      ),
    ]),
  );
  if (!standsInOrder(placement)) {
    return where === 'first' ? [...placed.values(), ...others] : [...others, ...placed.values()];
  }
  const rest = [...others];
  const names = new Set(own.map(({ name }) => name));
  // What is neither ours nor one of the others was ours once.
  const dropped = standing.length - others.length - own.length;
  const isOther = (one: T) => rest[0]?.name === one.name;
  return standing.flatMap((one) => {
    if (names.has(one.name)) return [placed.get(one.name)!];
    return dropped > 0 && !isOther(one) ? [] : [rest.shift()!];
  });
}

function standsInOrder<T extends RawNamed>({ standing, own, isStrict = false }: Placement<T>): boolean {
  const indexes = own.map(({ name }) => standing.findIndex((one) => one.name === name));
  const isInOrder = indexes.every((index, i) => index >= 0 && index > (indexes[i - 1] ?? -1));
  return isInOrder && (!isStrict || indexes.at(-1) === standing.length - 1);
}
