import { labels } from '../labels.ts';
import type { ManifestNode } from '../manifest-node.ts';
import { readAddress } from './addresses.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';

/** A machine of the cluster. */
export interface Node {
  readonly kind: 'Node';
  readonly metadata: ObjectMeta;
  /** Null where nobody has labelled it. */
  readonly zone: string | null;
  /** Of the node itself, as pods see it; what shares its network has these. */
  readonly addresses: readonly string[];
}

const maxAddresses = 64;

export function readNode(node: ManifestNode): Node {
  const metadata = readMeta(node, { isNamespaced: false });
  return {
    kind: 'Node',
    metadata,
    zone: metadata.labels.get(labels.zone) || null,
    addresses: node
      .field('status')
      .object()
      .field('addresses')
      .items({ max: maxAddresses })
      .filter((item) => item.object({ isRequired: true }).field('type').value === 'InternalIP')
      .map((item) => readAddress(item.field('address'), 'any')),
  };
}
