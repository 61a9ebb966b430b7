/** What the objects' statuses should say now: from translation, from what the source refused, and from proxies. */
import { formatViolations } from '@tulle/model';
import type { RejectedObject } from '../sources/rejected-object.ts';
import type { ResourceSet } from '../sources/resource-set.ts';
import { isServiceRef } from '../translate/service-ref.ts';
import type { Condition, ObjectStatus, PolicyStatus } from '../translate/translated.ts';
import { programmed } from './programmed.ts';
import type { ProxyCounts } from './proxy-counts.ts';
import { keyedStatuses, objectName } from './status-keys.ts';

export interface DesiredCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

interface DesiredObject {
  readonly namespace: string;
  readonly name: string;
  /** Of the version that the status is about. */
  readonly generation: number;
}

export interface DesiredRouteStatus extends DesiredObject {
  readonly kind: 'HTTPRoute';
  /** The mesh's own entries. None where no parent is a Service: what the mesh once wrote there is to go. */
  readonly parents: readonly DesiredParent[];
}

export interface DesiredParent {
  readonly parentRef: Readonly<Record<string, unknown>>;
  readonly conditions: readonly DesiredCondition[];
}

export interface DesiredPolicyStatus extends DesiredObject {
  readonly kind: PolicyStatus['kind'];
  readonly conditions: readonly DesiredCondition[];
}

export type DesiredStatus = DesiredRouteStatus | DesiredPolicyStatus;

export interface StatusFacts {
  readonly resources: ResourceSet;
  readonly statuses: readonly ObjectStatus[];
  readonly rejected: readonly RejectedObject[];
  /** By the key of `keyedStatuses`, of that generation of the object. */
  readonly countsOf: (key: string, generation: number) => ProxyCounts;
  /** By the same key: replicas that do not answer, and may have proxies which use the object. */
  readonly silentOf: (key: string) => readonly string[];
}

/** Gateway API has no such condition for routes; its rule for those of an implementation is a domain in front. */
export const programmedTypes = { route: 'tulle.dev/Programmed', policy: 'Programmed' } as const;

/** By object name, one for each that the source has read or refused. */
export function desiredStatuses(facts: StatusFacts): ReadonlyMap<string, DesiredStatus> {
  const desired = new Map<string, DesiredStatus>();
  const add = (status: DesiredStatus) => desired.set(objectName(status), status);
  for (const status of translatedStatuses(facts)) add(status);
  // A route that the mesh has no part in; nothing to say of it, and nothing of ours may stand there.
  for (const route of facts.resources.HTTPRoute.values()) {
    const { namespace, name, generation } = route.metadata;
    // Where translation had something to say and could not, nothing is taken away.
    if (!route.parentRefs.some(isServiceRef)) {
      add({ kind: 'HTTPRoute', namespace, name, generation, parents: [] });
    }
  }
  // Last: of a version that is refused the author has to hear, whatever of an earlier one is in force.
  for (const object of facts.rejected) add(refusedStatus(object));
  return desired;
}

function translatedStatuses(facts: StatusFacts): Iterable<DesiredStatus> {
  const byObject = new Map<string, DesiredStatus>();
  for (const { key, status } of keyedStatuses(facts.statuses)) {
    const object = objectName(status);
    const { namespace, name } = status;
    const generation = status.conditions[0]?.observedGeneration ?? 0;
    const conditions = [...status.conditions, programmedCondition(facts, key, status)];
    if (status.kind !== 'HTTPRoute') {
      byObject.set(object, { kind: status.kind, namespace, name, generation, conditions });
      continue;
    }
    const before = byObject.get(object);
    const others = before?.kind === 'HTTPRoute' ? before.parents : [];
    const parents = [...others, { parentRef: status.parentRef, conditions }];
    byObject.set(object, { kind: 'HTTPRoute', namespace, name, generation, parents });
  }
  return byObject.values();
}

function programmedCondition(facts: StatusFacts, key: string, status: ObjectStatus): DesiredCondition {
  const conditions: readonly Condition[] = status.conditions;
  const observedGeneration = conditions[0]?.observedGeneration ?? 0;
  const outcome = programmed({
    resources: status.resources,
    isAccepted: conditions.some(({ type, status: value }) => type === 'Accepted' && value === 'True'),
    counts: facts.countsOf(key, observedGeneration),
    silentReplicas: facts.silentOf(key),
  });
  const type = status.kind === 'HTTPRoute' ? programmedTypes.route : programmedTypes.policy;
  return { type, ...outcome, observedGeneration };
}

/** A status is read by people; Kubernetes allows 32768 characters. */
const maxMessageChars = 2_048;

function refusedStatus(object: RejectedObject): DesiredStatus {
  const { kind, namespace, name, generation, parentRefs } = object;
  const what = formatViolations(object.violations);
  const cut = what.length > maxMessageChars ? `${what.slice(0, maxMessageChars)}...` : what;
  const outcome = object.isEarlierInForce ? 'an earlier version stays in force' : 'it is not in force';
  const condition = (type: string, status: 'False' | 'Unknown', reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    observedGeneration: generation,
  });
  const notInForce = (type: string) =>
    condition(type, 'False', 'NotAccepted', `${outcome}: Accepted says why`);
  if (kind !== 'HTTPRoute') {
    const accepted = condition('Accepted', 'False', 'Invalid', `${cut}; ${outcome}`);
    return {
      kind,
      namespace,
      name,
      generation,
      conditions: [accepted, notInForce(programmedTypes.policy)],
    };
  }
  const conditions = [
    condition('Accepted', 'False', 'UnsupportedValue', `${cut}; ${outcome}`),
    condition('ResolvedRefs', 'Unknown', 'Pending', 'not looked at while the route is not accepted'),
    notInForce(programmedTypes.route),
  ];
  const parents = parentRefs.filter(isServiceParent).map((parentRef) => ({ parentRef, conditions }));
  return { kind, namespace, name, generation, parents };
}

function isServiceParent({ group, kind }: Readonly<Record<string, unknown>>): boolean {
  return (group === '' || group === 'core') && kind === 'Service';
}
