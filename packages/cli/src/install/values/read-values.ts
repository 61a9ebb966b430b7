import type { Parsed, Violation } from '@tulle/model';
import type { ValueSpec, ValueTree } from './value-spec.ts';

export type Values = { readonly [key: string]: unknown };

/** Lays values over others as Helm does: objects are merged, everything else is replaced. */
export function mergeValues(base: Values, over: Values): Values {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(value) && isObject(below) ? mergeValues(below, value) : value;
  }
  return merged;
}

/** Without values that there are none of, as of an installation by another version. */
export function onlyKnown(tree: ValueTree, values: Values): Values {
  const known = Object.entries(values).flatMap(([key, value]) => {
    const spec = Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (spec === undefined) return [];
    return [[key, spec.kind === 'group' && isObject(value) ? onlyKnown(spec.values, value) : value]];
  });
  return Object.fromEntries(known);
}

/** Null is the default, also where a file or an earlier installation had said something else. */
function withDefaults(tree: ValueTree, given: Values): Values {
  const entries = Object.entries(tree).map(([key, spec]) => {
    const value = given[key] ?? null;
    if (spec.kind === 'group') return [key, withDefaults(spec.values, (value ?? {}) as Values)];
    if (spec.kind !== 'object') return [key, value ?? spec.default];
    return [key, isObject(value) ? withoutNulls(mergeValues(spec.default, value)) : spec.default];
  });
  return Object.fromEntries(entries);
}

/** Within an object as Kubernetes has it, null takes a field of the default away. */
function withoutNulls(values: Values): Values {
  const kept = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, isObject(value) ? withoutNulls(value) : value]));
}

/** The defaults with values laid over; every violation, and every value that there is none of. */
export function readValues(tree: ValueTree, given: Values): Parsed<Values> {
  const violations: Violation[] = [];
  check(tree, given, '', violations);
  if (violations.length > 0) return { ok: false, violations };
  return { ok: true, value: withDefaults(tree, given) };
}

function check(tree: ValueTree, given: Values, prefix: string, violations: Violation[]): void {
  for (const [key, value] of Object.entries(given)) {
    const path = `${prefix}${key}`;
    const spec = Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (spec === undefined)
      violations.push({ path, reason: `is no value: there are ${Object.keys(tree).join(', ')}` });
    else if (value === null) continue;
    else if (spec.kind !== 'group') {
      const reason = faultOf(spec, value);
      if (reason !== null) violations.push({ path, reason });
    } else if (isObject(value)) check(spec.values, value, `${path}.`, violations);
    else violations.push({ path, reason: 'must be an object' });
  }
}

function faultOf(spec: ValueSpec, value: unknown): string | null {
  const found = JSON.stringify(value);
  switch (spec.kind) {
    case 'text':
      if (typeof value === 'string' && new RegExp(spec.pattern).test(value)) return null;
      return `must be a text that matches ${spec.pattern}, not ${found}`;
    case 'choice':
      return spec.choices.includes(value as string)
        ? null
        : `must be one of ${spec.choices.join(', ')}, not ${found}`;
    case 'integer':
    case 'number': {
      const isNumber = spec.kind === 'integer' ? Number.isInteger(value) : typeof value === 'number';
      if (isNumber && (value as number) >= spec.min && (value as number) <= spec.max) return null;
      const noun = spec.kind === 'integer' ? 'a whole number' : 'a number';
      return `must be ${noun} from ${spec.min} to ${spec.max}, not ${found}`;
    }
    case 'boolean':
      return typeof value === 'boolean' ? null : `must be true or false, not ${found}`;
    case 'list':
      return Array.isArray(value) && value.every((item) => isItem(spec.items, item))
        ? null
        : `must be a list of ${itemNouns[spec.items]}, not ${found}`;
    case 'object':
      return isObject(value) ? null : `must be an object, not ${found}`;
  }
}

const itemNouns = { text: 'texts', 'number-or-text': 'numbers or texts', object: 'objects' } as const;

function isItem(kind: keyof typeof itemNouns, item: unknown): boolean {
  if (kind === 'object') return isObject(item);
  return typeof item === 'string' || (kind === 'number-or-text' && Number.isInteger(item));
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
