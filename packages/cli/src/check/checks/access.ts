import type { Cluster } from '../../cluster/cluster.ts';
import { controlPlaneAccess } from '../../install/manifests/control-plane-access.ts';
import { injectorAccess } from '../../install/manifests/injector-access.ts';
import { type Check, type CheckContext, count, fail, someOf } from '../check.ts';
import { Fields } from '../fields.ts';

interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly isOwnNamespace: boolean;
}

const programs = [
  { account: 'tulle-control-plane', rights: rightsOf(controlPlaneAccess) },
  { account: 'tulle-injector', rights: rightsOf(injectorAccess) },
];

/** Whether the mesh's programs may do what their roles say: bindings get lost, and other roles get in the way. */
export const access: Check = {
  name: 'access',
  run: async (context) => {
    const findings = [];
    for (const { account, rights } of programs) {
      const lacking: string[] = [];
      for (const right of rights) {
        if (!(await may(context, account, right))) lacking.push(`${right.verb} ${right.resource}`);
      }
      if (lacking.length === 0) continue;
      const hint =
        'the roles and bindings of the installation: tulle upgrade | kubectl apply --server-side -f -';
      findings.push(fail(`${account} may not ${someOf(lacking)}`, hint));
    }
    const all = programs.reduce((sum, { rights }) => sum + rights.length, 0);
    return { summary: `both programs have ${count(all, 'right')} that they need`, findings };
  },
};

function rightsOf({ objects }: typeof controlPlaneAccess): readonly Right[] {
  return objects.flatMap(({ object }) => {
    if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return [];
    const isOwnNamespace = object.kind === 'Role';
    return new Fields(object).at('rules').items.flatMap((rule) => {
      const texts = (field: string) => rule.at(field).items.map(({ text }) => text);
      const names = texts('resourceNames');
      return texts('resources').flatMap((resource) =>
        texts('verbs').flatMap((verb) =>
          (names.length === 0 ? [''] : names).map((name) => ({
            verb,
            group: texts('apiGroups')[0]!,
            resource,
            name,
            isOwnNamespace,
          })),
        ),
      );
    });
  });
}

async function may(
  { cluster, namespace }: { readonly cluster: Cluster } & Pick<CheckContext, 'namespace'>,
  account: string,
  { verb, group, resource, name, isOwnNamespace }: Right,
): Promise<boolean> {
  const [plural, subresource] = resource.split('/');
  const resourceAttributes = {
    verb,
    group,
    resource: plural,
    subresource,
    name,
    ...(isOwnNamespace ? { namespace } : {}),
  };
  const user = `system:serviceaccount:${namespace}:${account}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes },
  };
  const review = await cluster.request({ method: 'POST', path, body });
  return new Fields(review).at('status', 'allowed').isTrue;
}
