import { isDeepStrictEqual } from 'node:util';
import { type RawObject, type ResourceType, resourceTypes } from '@tulle/kubernetes';
import type { Cluster } from '../cluster/cluster.ts';
import { identityOf, type ObjectIdentity } from './removal.ts';
import type { RenderedObject } from './render.ts';

/** What becomes of each object. */
export interface UpgradePlan {
  readonly added: readonly ObjectIdentity[];
  readonly changed: readonly ObjectIdentity[];
  /** Of an earlier version, or switched off by a value: nothing applies them any more. */
  readonly obsolete: readonly ObjectIdentity[];
}

const typesByKind = new Map(Object.values(resourceTypes).map((type) => [type.kind, type] as const));

/** Compares what is rendered with what the cluster would make of it (a dry run), and with what it has of ours. */
export async function planUpgrade(
  cluster: Cluster,
  namespace: string,
  objects: readonly RenderedObject[],
): Promise<UpgradePlan> {
  const added: ObjectIdentity[] = [];
  const changed: ObjectIdentity[] = [];
  for (const object of objects) {
    const type = typeOf(object.kind);
    const { name } = object.metadata;
    const live = await cluster.get(type, { namespace: object.metadata.namespace ?? '', name });
    if (live === null) added.push(identityOf(object));
    else if (await isChanged(cluster, { type, live, object })) changed.push(identityOf(object));
  }
  return { added, changed, obsolete: await obsoleteOf(cluster, namespace, objects) };
}

interface Comparison {
  readonly type: ResourceType;
  readonly live: RawObject;
  readonly object: RenderedObject;
}

async function isChanged(cluster: Cluster, { type, live, object }: Comparison): Promise<boolean> {
  const options = { fieldManager: 'kubectl', isForced: true, dryRun: true };
  const after = await cluster.apply(type, object, options);
  return !isDeepStrictEqual(withoutBookkeeping(live), withoutBookkeeping(after));
}

function withoutBookkeeping({ metadata, status: _, ...rest }: RawObject): object {
  const { managedFields: __, resourceVersion: ___, generation: ____, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

async function obsoleteOf(
  cluster: Cluster,
  namespace: string,
  objects: readonly RenderedObject[],
): Promise<readonly ObjectIdentity[]> {
  const keep = new Set(objects.map(keyOf));
  const labelSelector = 'app.kubernetes.io/part-of=tulle,app.kubernetes.io/managed-by=tulle';
  const found: ObjectIdentity[] = [];
  for (const kind of installedKinds) {
    const type = typeOf(kind);
    const place = type.isNamespaced ? { namespace } : {};
    for (const { metadata } of await cluster.list(type, { ...place, labelSelector })) {
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
      const identity = identityOf({ apiVersion, kind, metadata });
      if (!keep.has(keyOf(identity))) found.push(identity);
    }
  }
  return found;
}

/** Those of which an installation ever brought any, but for the namespace and the kinds' definitions, which stay. */
const installedKinds = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'Deployment',
  'Service',
  'ConfigMap',
  'ServiceAccount',
  'PodDisruptionBudget',
  'NetworkPolicy',
  'RoleBinding',
  'Role',
  'ClusterRoleBinding',
  'ClusterRole',
];

function typeOf(kind: string): ResourceType {
  const type = typesByKind.get(kind);
  if (type === undefined) throw new Error(`no resource type is known for ${kind}`);
  return type;
}

function keyOf({ kind, metadata }: ObjectIdentity): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
