import type { MtlsMode, UnknownDestinations } from '@tulle/model';
import { defaults } from '../defaults.ts';
import type { ManifestNode } from '../manifest-node.ts';
import { trustDomain } from '../text-rules.ts';
import { readMtlsMode } from './mtls-mode.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { type ProxyDefaults, readProxyDefaults } from './proxy-defaults.ts';
import { readTracingDefaults, type TracingDefaults } from './tracing-defaults.ts';

/** What holds for the whole mesh where nothing narrower says otherwise. */
export interface MeshConfig {
  readonly kind: 'MeshConfig';
  readonly metadata: ObjectMeta;
  /** What the author takes the mesh's to be; it is settled at the installation. Null: not said. */
  readonly trustDomain: string | null;
  /** Null: the default. */
  readonly mtlsMode: MtlsMode | null;
  readonly unknownDestinations: UnknownDestinations;
  /** For pods that are made from now on. */
  readonly proxy: ProxyDefaults;
  readonly tracing: TracingDefaults;
}

const unknownDestinations = { Allow: 'allow', Refuse: 'refuse' } as const;
export const unknownDestinationNames = Object.keys(
  unknownDestinations,
) as readonly (keyof typeof unknownDestinations)[];

/** There is one, so that nobody has to ask which of two holds. */
export const onlyMeshConfigName = {
  name: defaults.meshConfigName,
  is: `${defaults.meshConfigName}, the one MeshConfig that a mesh has`,
  test: (text: string) => text === defaults.meshConfigName,
};

export function readMeshConfig(node: ManifestNode): MeshConfig {
  const metadata = readMeta(node, { isNamespaced: false, nameRule: onlyMeshConfigName });
  const spec = node.field('spec').object();
  const outbound = spec.field('outbound').object();
  const config: MeshConfig = {
    kind: 'MeshConfig',
    metadata,
    trustDomain: spec.field('trustDomain').optionalText(trustDomain),
    mtlsMode: readMtlsMode(spec.field('mtls')),
    unknownDestinations: readUnknownDestinations(outbound.field('unknownDestinations')),
    proxy: readProxyDefaults(spec.field('proxy')),
    tracing: readTracingDefaults(spec.field('tracing')),
  };
  outbound.warnOfUnknownFields();
  spec.warnOfUnknownFields();
  return config;
}

function readUnknownDestinations(node: ManifestNode): UnknownDestinations {
  return unknownDestinations[node.oneOf(unknownDestinationNames, 'Allow')];
}
