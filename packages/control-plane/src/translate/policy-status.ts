import type { MeshConfig, PeerAuthentication } from '@tulle/api';
import type { Condition, PolicyStatus, ResourceUse } from './translated.ts';

/** What became of a policy, counted while the pods were looked at. */
export interface PolicyUse {
  /** Pods of the mesh that it selects. */
  selected: number;
  /** Those of them for which another policy holds. */
  conflicts: number;
  /** `<namespace>/<name>` of the policies that hold in its place. */
  readonly winners: Set<string>;
  /** `<namespace>/<name>` of the pods that have a rule of it. */
  readonly pods: string[];
}

/** A message is read by people; the first few names are enough to find the rest. */
const maxNames = 5;

export function peerAuthenticationStatus(policy: PeerAuthentication, use: PolicyUse): PolicyStatus {
  const { kind, metadata, selector } = policy;
  const { namespace, name, generation } = metadata;
  const hasSelector = selector.size > 0;
  const conditions: Condition<'Accepted' | 'Attached'>[] = [accepted(use, hasSelector, generation)];
  if (hasSelector) conditions.push(attached(use, namespace, generation));
  return { kind, namespace, name, conditions, resources: workloads(use.pods) };
}

/** It says for every workload what it may do outbound, whatever becomes of the trust domain that it names. */
export function meshConfigStatus(
  config: MeshConfig,
  installedTrustDomain: string,
  everyWorkload: readonly string[],
): PolicyStatus {
  const { kind, metadata, trustDomain } = config;
  const { namespace, name, generation } = metadata;
  const conditions = [trustDomainAccepted(trustDomain, installedTrustDomain, generation)];
  return { kind, namespace, name, conditions, resources: workloads(everyWorkload) };
}

function trustDomainAccepted(
  trustDomain: string | null,
  installed: string,
  observedGeneration: number,
): Condition<'Accepted'> {
  if (trustDomain === null || trustDomain === installed) return isTrue('Accepted', observedGeneration);
  const message = `spec.trustDomain: must be ${installed}, which was settled at the installation, not ${trustDomain}; all else that this says is in force`;
  return { type: 'Accepted', status: 'False', reason: 'UnsupportedValue', message, observedGeneration };
}

function workloads(names: readonly string[]): ResourceUse {
  return { kind: 'workload', names, clientNamespace: null };
}

/** False also where another holds for some of the pods alone: the message says for how many. */
function accepted(
  { selected, conflicts, winners }: PolicyUse,
  hasSelector: boolean,
  observedGeneration: number,
): Condition<'Accepted'> {
  if (winners.size === 0) return isTrue('Accepted', observedGeneration);
  const names = [...winners].sort();
  const shown = names.slice(0, maxNames).join(', ') + (names.length > maxNames ? ', ...' : '');
  const where = hasSelector ? ` for ${conflicts} of the ${selected} pods that it selects` : '';
  const message = `${shown} holds in its place${where}: of policies at one level the oldest does, then the first by name`;
  return { type: 'Accepted', status: 'False', reason: 'Conflicted', message, observedGeneration };
}

function attached(
  { selected }: PolicyUse,
  namespace: string,
  observedGeneration: number,
): Condition<'Attached'> {
  if (selected > 0) return isTrue('Attached', observedGeneration);
  const message = `the selector matches no pod of namespace ${namespace} that is in the mesh`;
  return { type: 'Attached', status: 'False', reason: 'NoMatchingWorkload', message, observedGeneration };
}

function isTrue<T extends string>(type: T, observedGeneration: number): Condition<T> {
  return { type, status: 'True', reason: type, message: '', observedGeneration };
}
