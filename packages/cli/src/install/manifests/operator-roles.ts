import type { ManifestFamily } from './manifest.ts';
import { clusterWide } from './names.ts';
import { rule, watch } from './rules.ts';

const role = (name: string, aggregateTo: readonly string[], verbs: string) => {
  const { labels, ...metadata } = clusterWide(name);
  const aggregation = aggregateTo.map((to) => [`rbac.authorization.k8s.io/aggregate-to-${to}`, 'true']);
  return {
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { ...metadata, labels: { ...labels, ...Object.fromEntries(aggregation) } },
      rules: [rule('tulle.dev', 'peerauthentications', verbs)],
    },
  };
};

/** Whoever may view or edit a namespace may do so with the mesh's kinds in it. MeshConfig is the cluster's. */
export const operatorRoles: ManifestFamily = {
  name: 'operator-roles',
  objects: [
    role('tulle-view', ['view', 'edit', 'admin'], watch),
    role('tulle-edit', ['edit', 'admin'], 'create delete deletecollection patch update'),
  ],
};
