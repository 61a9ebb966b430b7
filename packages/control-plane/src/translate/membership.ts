import type { Pod } from '@tulle/api';
import type { SpiffeId } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';

/**
 * Whether the pod is in the mesh: its namespace's label says so or its own, which overrides it, and it
 * really has a sidecar where its manifest shows its containers.
 */
export function isMeshed(pod: Pod, { Namespace }: Pick<ResourceSet, 'Namespace'>): boolean {
  if (pod.isHostNetwork || pod.isFinished || pod.hasSidecar === false) return false;
  if (pod.injection !== 'unset') return pod.injection === 'enabled';
  return Namespace.get(pod.metadata.namespace)?.injection === 'enabled';
}

export function identityOf({ metadata, serviceAccount }: Pod, trustDomain: string): SpiffeId {
  return { trustDomain, namespace: metadata.namespace, serviceAccount };
}
