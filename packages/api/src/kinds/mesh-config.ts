import type { MtlsMode, UnknownDestinations } from '@tulle/model';
import { defaults } from '../defaults.ts';
import type { ManifestNode } from '../manifest-node.ts';
import { readMtlsMode } from './mtls-mode.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';

/** What holds for the whole mesh where nothing narrower says otherwise. */
export interface MeshConfig {
  readonly kind: 'MeshConfig';
  readonly metadata: ObjectMeta;
  /** Null: the default. */
  readonly mtlsMode: MtlsMode | null;
  readonly unknownDestinations: UnknownDestinations;
}

const unknownDestinations = { Allow: 'allow', Refuse: 'refuse' } as const;
const answers = Object.keys(unknownDestinations) as readonly (keyof typeof unknownDestinations)[];

/** There is one, so that nobody has to ask which of two holds. */
const onlyName = {
  is: `${defaults.meshConfigName}, the one MeshConfig that a mesh has`,
  test: (text: string) => text === defaults.meshConfigName,
};

export function readMeshConfig(node: ManifestNode): MeshConfig {
  const metadata = readMeta(node, { isNamespaced: false, nameRule: onlyName });
  const spec = node.field('spec').object();
  const outbound = spec.field('outbound').object();
  const config: MeshConfig = {
    kind: 'MeshConfig',
    metadata,
    mtlsMode: readMtlsMode(spec.field('mtls')),
    unknownDestinations: unknownDestinations[outbound.field('unknownDestinations').oneOf(answers, 'Allow')],
  };
  outbound.warnOfUnknownFields();
  spec.warnOfUnknownFields();
  return config;
}
