import { builtin, type Tree } from '../template/tree.ts';
import type { Manifest, ObjectTree } from './manifest.ts';
import { clusterWide, own, type Program } from './names.ts';

const rbac = 'rbac.authorization.k8s.io';

interface Access {
  /** In the whole cluster. */
  readonly cluster: readonly Tree[];
  /** In the mesh's own namespace. */
  readonly namespace: readonly Tree[];
}

/** A program's service account, and what it may do. */
export function access(program: Program, { cluster, namespace }: Access): readonly Manifest[] {
  const subjects = [{ kind: 'ServiceAccount', name: program, namespace: builtin('namespace') }];
  const role = (kind: 'Role' | 'ClusterRole') => ({ apiGroup: rbac, kind, name: program });
  const clusterMeta = clusterWide(program, program);
  const ownMeta = own(program, program);
  const objects: readonly ObjectTree[] = [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: ownMeta,
      // The program's pod asks for it; nothing else that borrows the account gets its token.
      automountServiceAccountToken: false,
    },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: clusterMeta, rules: cluster },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: clusterMeta,
      roleRef: role('ClusterRole'),
      subjects,
    },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: ownMeta, rules: namespace },
    { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: ownMeta, roleRef: role('Role'), subjects },
  ];
  return objects.map((object) => ({ object }));
}
