import type { Violation } from '@tulle/model';
import type { ManifestNode } from '../manifest-node.ts';

/**
 * Notes a part of Gateway API that the mesh does not carry out. Not a violation, since the object is
 * valid and stands in the cluster: translation answers it with Accepted=False, `UnsupportedValue`.
 */
export function refuseFeature(node: ManifestNode, feature: string, unsupported: Violation[]): void {
  const entry: Violation = { path: node.path, reason: `${feature} is not supported yet` };
  unsupported.push(entry);
  node.warn(entry.reason);
}
