import type { ManifestNode } from '../manifest-node.ts';
import { labelKey, labelValue } from '../text-rules.ts';

/** Labels that a pod must all have; empty: none was asked for. */
export type PodSelector = ReadonlyMap<string, string>;

export const podSelectorLimits = { max: 64 } as const;

export function readPodSelector(node: ManifestNode): PodSelector {
  const selector = readMatchLabels(node.object());
  node.warnOfUnknownFields();
  return selector;
}

/** The field `matchLabels` of a selector. */
export function readMatchLabels(node: ManifestNode): PodSelector {
  const matchLabels = node.field('matchLabels').object();
  const selector = new Map<string, string>();
  for (const [key, value] of matchLabels.entries(podSelectorLimits)) {
    if (!labelKey.test(key)) value.violate(`must have as its key ${labelKey.is}`);
    selector.set(key, value.text(labelValue));
  }
  return selector;
}
