import { type KubernetesClient, type ResourceType, resourceTypes } from '@tulle/kubernetes';

/** A resource that tests bring and take away. */
export const things: ResourceType = {
  group: 'contract.tulle.test',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  isNamespaced: true,
};

const name = 'things.contract.tulle.test';

export async function installThings(client: KubernetesClient): Promise<void> {
  const { group, version, plural, kind } = things;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const spec = {
    group,
    scope: 'Namespaced',
    names: { plural, kind, singular: 'thing', listKind: 'ThingList' },
    versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
  };
  await client.create(resourceTypes.customResourceDefinitions, { metadata: { name }, spec });
}

export async function removeThings(client: KubernetesClient): Promise<void> {
  await client.delete(resourceTypes.customResourceDefinitions, { namespace: '', name });
}
