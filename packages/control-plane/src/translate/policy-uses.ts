import { objectKey, type PeerAuthentication } from '@tulle/api';
import type { MeshPodsUpdate } from './mesh-pods.ts';
import type { MtlsModes, PodMtls } from './mtls-modes.ts';
import { inKeyOrder } from './order.ts';
import { type PolicyUse, peerAuthenticationStatus } from './policy-status.ts';
import type { PolicyStatus } from './translated.ts';

/** The statuses of all policies, from what holds for the pods of the mesh, in the order of their keys. */
export function policyStatuses(
  policies: ReadonlyMap<string, PeerAuthentication>,
  modes: MtlsModes,
  { list, policies: policiesOfPods }: Pick<MeshPodsUpdate, 'list' | 'policies'>,
): readonly PolicyStatus[] {
  if (policies.size === 0) return [];
  const uses = new Map<PeerAuthentication, PolicyUse>();
  const usesByKey = new Map<string, PolicyUse>();
  for (const policy of policies.values()) {
    const use: PolicyUse = { selected: 0, conflicts: 0, winners: new Set(), pods: [] };
    uses.set(policy, use);
    usesByKey.set(objectKey(policy), use);
  }
  for (const [policy, oldest] of modes.outdated()) uses.get(policy)!.winners.add(objectKey(oldest));
  const sources = new Map<PodMtls, readonly PolicyUse[]>();
  for (const { key } of list) {
    const own = policiesOfPods.get(key);
    if (own === undefined) continue;
    const { mtls, selecting } = own;
    countSelecting(selecting, uses);
    const known = sources.get(mtls) ?? sourcesOf(mtls, selecting[0], usesByKey);
    sources.set(mtls, known);
    for (const use of known) use.pods.push(key);
  }
  return inKeyOrder(policies).map((policy) => peerAuthenticationStatus(policy, uses.get(policy)!));
}

function countSelecting(
  selecting: readonly PeerAuthentication[],
  uses: ReadonlyMap<PeerAuthentication, PolicyUse>,
): void {
  const [winner] = selecting;
  for (const policy of selecting) {
    const use = uses.get(policy)!;
    use.selected++;
    if (policy === winner) continue;
    use.conflicts++;
    use.winners.add(objectKey(winner!));
  }
}

/** The policies that make a rule what it is: those that it names, and one that selects. */
function sourcesOf(
  { byDefault, byPort }: PodMtls,
  winner: PeerAuthentication | undefined,
  uses: ReadonlyMap<string, PolicyUse>,
): readonly PolicyUse[] {
  const named = new Set([byDefault, ...byPort.values()].map(({ policy }) => policy));
  if (winner !== undefined) named.add(objectKey(winner));
  // `default` and `MeshConfig` are no policies' keys.
  return [...named].flatMap((key) => uses.get(key) ?? []);
}
