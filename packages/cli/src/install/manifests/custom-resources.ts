import { customResourceDefinitions } from '@tulle/api';
import type { Tree } from '../template/tree.ts';
import type { ManifestFamily, ObjectTree } from './manifest.ts';

/** Helm leaves them where they are when it takes the rest away: with them would go what operators wrote. */
const kept = { 'helm.sh/resource-policy': 'keep' };

/** One a kind, so that an upgrade brings new fields: what Helm finds in a chart's own `crds` it never changes. */
export const customResources: ManifestFamily = {
  name: 'custom-resources',
  objects: customResourceDefinitions.map(({ apiVersion, kind, metadata, spec }) => {
    const object: ObjectTree = {
      apiVersion,
      kind,
      metadata: { ...metadata, annotations: kept },
      spec: spec as Tree,
    };
    return { when: 'crds.install', object };
  }),
};
