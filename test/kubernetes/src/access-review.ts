import type { Kubectl } from './kubectl.ts';
import { meshNamespace } from './mesh/manifests.ts';

/** `list pods`, `update httproutes.gateway.networking.k8s.io/status`, `get secrets tulle-authority in tulle-system`. */
export type Access = string;

/** Which of these a ServiceAccount of the mesh may do, as the API server's authorizer has it. */
export async function allowedOf(
  kubectl: Kubectl,
  account: string,
  accesses: readonly Access[],
): Promise<readonly Access[]> {
  const user = `system:serviceaccount:${meshNamespace}:${account}`;
  const items = accesses.map((access) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user,
      groups: ['system:serviceaccounts', 'system:authenticated'],
      resourceAttributes: attributesOf(access),
    },
  }));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const answers = await kubectl.must(['create', '-o', 'jsonpath={.status.allowed} ', '-f', '-'], list);
  const allowed = answers.trim().split(' ');
  return accesses.filter((_, i) => allowed[i] === 'true');
}

function attributesOf(access: Access) {
  const [what = '', namespace] = access.split(' in ');
  const [verb, path = '', name] = what.split(' ');
  const [kind = '', subresource] = path.split('/');
  const [resource, ...group] = kind.split('.');
  return {
    verb,
    resource,
    group: group.join('.'),
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}
