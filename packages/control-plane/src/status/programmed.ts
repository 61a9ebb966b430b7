import type { ResourceUse } from '../translate/translated.ts';
import type { ProxyCounts } from './proxy-counts.ts';

export type ProgrammedReason = 'Programmed' | 'NoProxies' | 'Pending' | 'Rejected' | 'NotAccepted';

export interface ProgrammedFacts {
  readonly resources: ResourceUse;
  readonly isAccepted: boolean;
  /** Summed over the replicas that answered. */
  readonly counts: ProxyCounts;
  /** Replicas whose proxies are not counted. */
  readonly silentReplicas: readonly string[];
}

interface ProgrammedOutcome {
  readonly status: 'True' | 'False';
  readonly reason: ProgrammedReason;
  readonly message: string;
}

/** Whether what the object says is in force, on how many of how many proxies that use it. */
export function programmed(facts: ProgrammedFacts): ProgrammedOutcome {
  const { resources, isAccepted, counts } = facts;
  if (!isAccepted && resources.names.length === 0) {
    return { status: 'False', reason: 'NotAccepted', message: 'not in force: Accepted says why' };
  }
  const message = `${progressOf(counts)}${unconnected(resources, counts)}${silent(facts.silentReplicas)}`;
  if (counts.rejected > 0) return { status: 'False', reason: 'Rejected', message };
  if (counts.inForce < counts.proxies) return { status: 'False', reason: 'Pending', message };
  return { status: 'True', reason: counts.proxies === 0 ? 'NoProxies' : 'Programmed', message };
}

function progressOf({ proxies, inForce, rejected, firstRejection }: ProxyCounts): string {
  if (proxies === 0) return 'no connected proxy uses it';
  const progress = `in force on ${inForce} of ${proxies} ${proxies === 1 ? 'proxy' : 'proxies'}`;
  if (firstRejection === null) return progress;
  const { node, reason } = firstRejection;
  return `${progress}; rejected by ${rejected}, ${node} says: ${reason}`;
}

/** A pod whose sidecar is away keeps what it had, which is worth knowing of a policy. */
function unconnected({ kind, names }: ResourceUse, { proxies }: ProxyCounts): string {
  const missing = kind === 'workload' ? names.length - proxies : 0;
  if (missing <= 0) return '';
  return `; ${missing} of its workloads ${missing === 1 ? 'has' : 'have'} no connected proxy`;
}

function silent(replicas: readonly string[]): string {
  if (replicas.length === 0) return '';
  return `; proxies of ${replicas.join(', ')} are not counted: no answer`;
}
