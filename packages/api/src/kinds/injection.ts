import { labels } from '../labels.ts';
import type { ManifestNode } from '../manifest-node.ts';

/** What the label `tulle.dev/inject` says. */
export type Injection = 'enabled' | 'disabled' | 'unset';

/** Another value is not refused: the object stands in the cluster whatever its labels say. It counts as unset. */
export function readInjection(manifest: ManifestNode): Injection {
  return readSwitch(manifest.field('metadata').field('labels').field(labels.inject));
}

export function readSwitch(node: ManifestNode): Injection {
  if (node.value === 'enabled' || node.value === 'disabled') return node.value;
  if (typeof node.value === 'string') {
    node.warn(`must be enabled or disabled, not ${JSON.stringify(node.value)}; it is left out of account`);
  }
  return 'unset';
}
