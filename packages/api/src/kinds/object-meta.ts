import { defaults } from '../defaults.ts';
import type { ManifestNode, TextRule } from '../manifest-node.ts';
import { dnsLabel, dnsSubdomain } from '../text-rules.ts';

export interface ObjectMeta {
  /** Empty for kinds of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** RFC 3339; null in a manifest that no cluster has stored. */
  readonly creationTimestamp: string | null;
  /** What a status refers to as `observedGeneration`; 0 where no cluster counts. */
  readonly generation: number;
}

export interface MetaOptions {
  readonly isNamespaced: boolean;
  readonly nameRule: TextRule;
}

const timestamp: TextRule = {
  is: 'a time such as 2026-01-31T12:00:00Z',
  test: (text) => !Number.isNaN(Date.parse(text)),
};

export function readMeta(
  manifest: ManifestNode,
  { isNamespaced = true, nameRule = dnsSubdomain }: Partial<MetaOptions> = {},
): ObjectMeta {
  const node = manifest.field('metadata').object({ isRequired: true });
  return {
    namespace: isNamespaced ? (node.field('namespace').optionalText(dnsLabel) ?? defaults.namespace) : '',
    name: node.field('name').text(nameRule),
    labels: node.field('labels').textMap(),
    annotations: node.field('annotations').textMap(),
    creationTimestamp: node.field('creationTimestamp').optionalText(timestamp),
    generation: node.field('generation').optionalInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0,
  };
}
