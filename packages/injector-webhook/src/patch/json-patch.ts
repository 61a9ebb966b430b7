import { isObject } from '@tulle/api';

/** RFC 6902, as far as it is needed here. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/**
 * What makes `to` of `from`, and touches nothing else. Lists of things with names of their own (containers,
 * volumes, variables) are changed member by member, so that what others have put there stays untouched.
 */
export function jsonPatch(from: unknown, to: unknown): readonly JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  compare(operations, '', from, to);
  return operations;
}

function compare(operations: JsonPatchOperation[], path: string, from: unknown, to: unknown): void {
  if (from === to) return;
  if (isObject(from) && isObject(to)) compareObjects(operations, path, from, to);
  else if (isNamedList(from) && isNamedList(to)) compareLists(operations, path, from, to);
  else if (!isEqual(from, to)) operations.push({ op: 'replace', path, value: to });
}

type Fields = Readonly<Record<string, unknown>>;

function compareObjects(operations: JsonPatchOperation[], path: string, from: Fields, to: Fields): void {
  for (const key of Object.keys(from)) {
    if (to[key] === undefined && from[key] !== undefined)
      operations.push({ op: 'remove', path: at(path, key) });
  }
  for (const [key, value] of Object.entries(to)) {
    if (value === undefined) continue;
    if (from[key] === undefined) operations.push({ op: 'add', path: at(path, key), value });
    else compare(operations, at(path, key), from[key], value);
  }
}

type Named = Fields & { readonly name: string };

function compareLists(
  operations: JsonPatchOperation[],
  path: string,
  from: readonly Named[],
  to: readonly Named[],
): void {
  const kept = keptInOrder(from, to);
  const now: Named[] = [...from];
  for (let i = now.length - 1; i >= 0; i--) {
    if (kept.has(now[i]!.name)) continue;
    operations.push({ op: 'remove', path: at(path, i) });
    now.splice(i, 1);
  }
  to.forEach((member, i) => {
    if (now[i]?.name === member.name) compare(operations, at(path, i), now[i], member);
    else {
      operations.push({ op: 'add', path: at(path, i), value: member });
      now.splice(i, 0, member);
    }
  });
}

/** The most names that come in the same order in both lists; the others are taken out, and put in anew. */
function keptInOrder(from: readonly Named[], to: readonly Named[]): ReadonlySet<string> {
  const placeOf = new Map(to.map(({ name }, i) => [name, i]));
  const places = from.flatMap(({ name }) => placeOf.get(name) ?? []);
  return new Set(longestRise(places).map((place) => to[place]!.name));
}

interface Rise {
  readonly last: number;
  readonly before: Rise | undefined;
}

/** The longest subsequence that rises, in n log n: somebody may send thousands of variables. */
function longestRise(numbers: readonly number[]): readonly number[] {
  // By length, the one that ends lowest.
  const lowest: Rise[] = [];
  for (const number of numbers) {
    let [low, high] = [0, lowest.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lowest[middle]!.last < number) low = middle + 1;
      else high = middle;
    }
    lowest[low] = { last: number, before: lowest[low - 1] };
  }
  const rise: number[] = [];
  for (let end = lowest.at(-1); end !== undefined; end = end.before) rise.push(end.last);
  return rise.reverse();
}

/** Names are asked to be unique: else a member could not be told by its name. */
function isNamedList(value: unknown): value is readonly Named[] {
  if (!Array.isArray(value) || !value.every((item) => isObject(item) && typeof item.name === 'string')) {
    return false;
  }
  return new Set(value.map(({ name }) => name)).size === value.length;
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
  );
}

/** RFC 6901, section 3. */
function at(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
