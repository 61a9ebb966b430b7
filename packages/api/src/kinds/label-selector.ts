import type { ManifestNode } from '../manifest-node.ts';
import { labelKey, labelValue } from '../text-rules.ts';
import { type PodSelector, readMatchLabels } from './pod-selector.ts';

/** Kubernetes' own (meta/v1 LabelSelector): all of it must hold; one without requirements selects everything. */
export interface LabelSelector {
  readonly matchLabels: PodSelector;
  readonly matchExpressions: readonly LabelRequirement[];
}

export type LabelRequirement =
  | { readonly operator: 'In' | 'NotIn'; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: 'Exists' | 'DoesNotExist'; readonly key: string };

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;
const maxRequirements = 64;
const maxValues = 1_000;

export function readLabelSelector(node: ManifestNode): LabelSelector {
  const matchExpressions = node
    .object()
    .field('matchExpressions')
    .items({ max: maxRequirements })
    .map(readRequirement);
  const selector = { matchLabels: readMatchLabels(node), matchExpressions };
  node.warnOfUnknownFields();
  return selector;
}

function readRequirement(node: ManifestNode): LabelRequirement {
  const key = node.object({ isRequired: true }).field('key').text(labelKey);
  const operator = node.field('operator').oneOf(operators, 'Exists');
  if (node.field('operator').isAbsent) node.field('operator').violate('is required');
  const listed = node.field('values');
  const isSet = operator === 'In' || operator === 'NotIn';
  const values = listed.items({ min: isSet ? 1 : 0, max: maxValues }).map((item) => item.text(labelValue));
  if (isSet) return { operator, key, values };
  if (values.length > 0) listed.violate(`must be absent with the operator ${operator}`);
  return { operator, key };
}
