/** A status as it stands in the cluster, and as it should: what is to be written, if anything, and how urgently. */
import { assertNever } from '@tulle/model';
import { isSameContent } from '../same-content.ts';
import {
  type DesiredCondition,
  type DesiredRouteStatus,
  type DesiredStatus,
  programmedTypes,
} from './desired-status.ts';

/** In `status.parents[]`: whose entry it is. */
export const controllerName = 'tulle.dev/mesh-controller';

export type StatusMerge =
  | { readonly kind: 'equal' }
  /** A later version of the object has been spoken of: another replica knows more. */
  | { readonly kind: 'outdated' }
  | {
      readonly kind: 'changed';
      /** The whole of `status`, others' entries included. */
      readonly status: Readonly<Record<string, unknown>>;
      readonly changes: readonly ConditionChange[];
    };

export interface ConditionChange {
  /** Null: it did not stand there before. */
  readonly before: DesiredCondition | null;
  /** Null: it is removed. */
  readonly after: DesiredCondition | null;
  readonly parentRef: Readonly<Record<string, unknown>> | null;
}

type Plain = Readonly<Record<string, unknown>>;

export function mergeStatus(present: unknown, desired: DesiredStatus, nowMs: number): StatusMerge {
  const status = isPlain(present) ? present : {};
  // metav1.Time has whole seconds.
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  switch (desired.kind) {
    case 'HTTPRoute':
      return mergeParents(status, desired, now);
    case 'PeerAuthentication':
    case 'MeshConfig': {
      const before = conditionsOf(status);
      const { conditions, changes } = mergeConditions(before, desired.conditions, { now, parentRef: null });
      return outcome(status, { conditions }, { changes, before, generation: desired.generation });
    }
    default:
      return assertNever(desired);
  }
}

/** `parents` is one atomic list that all controllers of a route share (Gateway API, RouteStatus). */
function mergeParents(status: Plain, { parents: desired, generation }: DesiredRouteStatus, now: string) {
  const stands = Array.isArray(status.parents) ? (status.parents as readonly unknown[]) : [];
  const changes: ConditionChange[] = [];
  const before: PresentCondition[] = [];
  const wanted = new Map(desired.map((parent) => [keyOf(parent.parentRef), parent]));
  const parents: unknown[] = [];
  for (const entry of stands) {
    if (!isPlain(entry) || entry.controllerName !== controllerName) {
      parents.push(entry);
      continue;
    }
    const parentRef = isPlain(entry.parentRef) ? entry.parentRef : {};
    const parent = wanted.get(keyOf(parentRef));
    const own = conditionsOf(entry);
    before.push(...own);
    wanted.delete(keyOf(parentRef));
    const merged = mergeConditions(own, parent?.conditions ?? [], { now, parentRef });
    changes.push(...merged.changes);
    if (parent === undefined && merged.changes.length === 0)
      changes.push({ before: null, after: null, parentRef });
    if (parent !== undefined) parents.push({ ...entry, conditions: merged.conditions });
  }
  for (const { parentRef, conditions } of wanted.values()) {
    const merged = mergeConditions([], conditions, { now, parentRef });
    changes.push(...merged.changes);
    parents.push({ parentRef, controllerName, conditions: merged.conditions });
  }
  return outcome(status, { parents: parents.slice(0, maxParents) }, { changes, before, generation });
}

/** RouteStatus.parents: where others have filled the list, there is no room. */
const maxParents = 32;

function outcome(
  status: Plain,
  replaced: Plain,
  facts: {
    readonly changes: readonly ConditionChange[];
    readonly before: readonly PresentCondition[];
    readonly generation: number;
  },
): StatusMerge {
  const { changes, before, generation } = facts;
  if (before.some((condition) => condition.observedGeneration > generation)) return { kind: 'outdated' };
  const next = { ...status, ...replaced };
  if (changes.length === 0 || isSameContent(next, status)) return { kind: 'equal' };
  return { kind: 'changed', status: next, changes };
}

interface PresentCondition extends DesiredCondition {
  readonly lastTransitionTime: string;
}

/** `lastTransitionTime` moves with `status` alone (metav1.Condition). */
function mergeConditions(
  before: readonly PresentCondition[],
  desired: readonly DesiredCondition[],
  { now, parentRef }: { readonly now: string; readonly parentRef: Plain | null },
): { readonly conditions: readonly PresentCondition[]; readonly changes: readonly ConditionChange[] } {
  const changes: ConditionChange[] = [];
  const byType = new Map(before.map((condition) => [condition.type, condition]));
  const conditions = desired.map((condition): PresentCondition => {
    const known = byType.get(condition.type) ?? null;
    byType.delete(condition.type);
    if (known !== null && isSameCondition(known, condition)) return known;
    changes.push({ before: known, after: condition, parentRef });
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
    return { ...condition, lastTransitionTime };
  });
  for (const known of byType.values()) changes.push({ before: known, after: null, parentRef });
  // As it stands, with whatever order somebody gave it.
  return { conditions: changes.length === 0 ? before : conditions, changes };
}

function isSameCondition(a: DesiredCondition, b: DesiredCondition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

/** What is no condition counts as absent, and is written anew. */
function conditionsOf({ conditions }: Plain): readonly PresentCondition[] {
  if (!Array.isArray(conditions)) return [];
  return conditions.filter(isPlain).map((condition) => ({
    type: textOf(condition.type),
    status: textOf(condition.status) as DesiredCondition['status'],
    reason: textOf(condition.reason),
    message: textOf(condition.message),
    observedGeneration: typeof condition.observedGeneration === 'number' ? condition.observedGeneration : 0,
    lastTransitionTime: textOf(condition.lastTransitionTime),
  }));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** References that say the same in another order of fields are the same. */
function keyOf(parentRef: Plain): string {
  return JSON.stringify(Object.entries(parentRef).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `count`: nothing but how many proxies there are has changed. `waning`: what was in force is not just now. */
export type Urgency = 'high' | 'waning' | 'count';

/**
 * Counts of proxies move with every pod that starts, so they are told late: another text soon enough, and
 * what was in force and is not just now only when it stays so.
 */
export function urgencyOf(changes: readonly ConditionChange[]): Urgency {
  const urgencies = new Set(changes.map(urgencyOfChange));
  if (urgencies.has('high')) return 'high';
  return urgencies.has('waning') ? 'waning' : 'count';
}

function urgencyOfChange({ before, after }: ConditionChange): Urgency {
  if (before === null || after === null || !isProgrammed(after)) return 'high';
  if (before.observedGeneration !== after.observedGeneration) return 'high';
  if (before.reason === after.reason || after.reason === 'NoProxies') return 'count';
  return before.status === 'True' && after.reason === 'Pending' ? 'waning' : 'high';
}

function isProgrammed({ type }: DesiredCondition): boolean {
  return type === programmedTypes.route || type === programmedTypes.policy;
}
