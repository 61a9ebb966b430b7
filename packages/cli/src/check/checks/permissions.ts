import { type ResourceType, resourceName, resourceTypes } from '@tulle/kubernetes';
import type { Cluster } from '../../cluster/cluster.ts';
import { type Check, count, fail } from '../check.ts';
import { Fields } from '../fields.ts';

/** What an installation is made of. */
const installed: readonly ResourceType[] = [
  resourceTypes.namespaces,
  resourceTypes.customResourceDefinitions,
  resourceTypes.serviceAccounts,
  resourceTypes.clusterRoles,
  resourceTypes.clusterRoleBindings,
  resourceTypes.roles,
  resourceTypes.roleBindings,
  resourceTypes.configMaps,
  resourceTypes.services,
  resourceTypes.deployments,
  resourceTypes.podDisruptionBudgets,
  resourceTypes.networkPolicies,
  resourceTypes.mutatingWebhookConfigurations,
  resourceTypes.validatingWebhookConfigurations,
];

const verbs = ['create', 'patch'] as const;

/** Whether whoever asks may install. */
export const permissions: Check = {
  name: 'permissions',
  run: async ({ cluster, namespace }) => {
    const denied: string[] = [];
    for (const type of installed) {
      for (const verb of verbs) {
        if (!(await mayI(cluster, type, { verb, namespace }))) denied.push(`${verb} ${resourceName(type)}`);
      }
    }
    const summary = `you may make all ${count(installed.length, 'kind')} of objects`;
    const hint = 'let somebody with the role cluster-admin install it';
    return { summary, findings: denied.length === 0 ? [] : [fail(`you may not ${denied.join(', ')}`, hint)] };
  },
};

async function mayI(
  cluster: Cluster,
  type: ResourceType,
  { verb, namespace }: { readonly verb: string; readonly namespace: string },
): Promise<boolean> {
  const resourceAttributes = {
    verb,
    group: type.group,
    resource: type.plural,
    ...(type.isNamespaced ? { namespace } : {}),
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const review = await cluster.request({ method: 'POST', path, body });
  return new Fields(review).at('status', 'allowed').isTrue;
}
