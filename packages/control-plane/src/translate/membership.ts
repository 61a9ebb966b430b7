import type { Pod } from '@tulle/api';
import type { SpiffeId } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';

/**
 * Whether the pod is in the mesh. Where its manifest shows its containers, its sidecar tells: `tulle inject` needs no
 * label, and one that is changed later changes no pod that runs. Else the namespace's label, or its own, which overrides it.
 */
export function isMeshed(pod: Pod, { Namespace }: Pick<ResourceSet, 'Namespace'>): boolean {
  if (pod.isHostNetwork || pod.isFinished) return false;
  if (pod.hasSidecar !== null) return pod.hasSidecar;
  if (pod.injection !== 'unset') return pod.injection === 'enabled';
  return Namespace.get(pod.metadata.namespace)?.injection === 'enabled';
}

export function identityOf({ metadata, serviceAccount }: Pod, trustDomain: string): SpiffeId {
  return { trustDomain, namespace: metadata.namespace, serviceAccount };
}
