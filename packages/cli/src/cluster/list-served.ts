import { KubernetesError, type RawObject, type ResourceType } from '@tulle/kubernetes';
import type { Cluster } from './cluster.ts';

/** Of a kind that need not be installed: where it is not, there are none. */
export async function listServed(
  cluster: Pick<Cluster, 'list'>,
  type: ResourceType,
): Promise<readonly RawObject[]> {
  try {
    return await cluster.list(type);
  } catch (thrown) {
    if (thrown instanceof KubernetesError && thrown.status === 404) return [];
    throw thrown;
  }
}
