import { join } from 'node:path';
import { eventually } from '@tulle/testkit';
import { clusterPace, type Kubectl, type KubernetesObject } from '../kubectl.ts';
import { root } from '../mesh/manifests.ts';

export const bookshopNamespace = 'bookshop';
export const bookshopImage = 'tulle.dev/bookshop:0.1.0';
const bookshopFolder = join(root, 'examples/bookshop/kubernetes');
export const deployments = ['catalog-v1', 'catalog-v2', 'orders', 'reviews', 'web'] as const;

const startDeadlineSeconds = 150;

/** The namespace is labelled, the rest of the manifests is applied as it is. */
export async function openBookshop(kubectl: Kubectl): Promise<void> {
  await kubectl.must(['apply', '-f', join(bookshopFolder, 'namespace.yaml')]);
  await kubectl.must(['label', 'namespace', bookshopNamespace, 'tulle.dev/inject=enabled', '--overwrite']);
  await kubectl.must(['apply', '-f', bookshopFolder]);
  await rolledOut(kubectl, deployments);
}

export async function rolledOut(kubectl: Kubectl, names: readonly string[]): Promise<void> {
  for (const name of names) await kubectl.must(rolloutStatus(name), '', startDeadlineSeconds * 1_000);
}

function rolloutStatus(name: string): readonly string[] {
  return [
    'rollout',
    'status',
    `deployment/${name}`,
    '-n',
    bookshopNamespace,
    `--timeout=${startDeadlineSeconds}s`,
  ];
}

/** The pods of a Deployment that are there to stay. */
export async function podsOf(kubectl: Kubectl, app: string): Promise<readonly KubernetesObject[]> {
  const pods = await kubectl.list(`pods -l app=${app}`, bookshopNamespace);
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** A condition of a pod: `True`, `False`, or nothing. */
export function conditionOf(pod: KubernetesObject, type: string): string | undefined {
  const conditions = (pod.status.conditions ?? []) as readonly { type: string; status: string }[];
  return conditions.find((condition) => condition.type === type)?.status;
}

/** The weights of the catalog's two versions, applied by kubectl; resolves to when it had been applied. */
export async function applyWeights(kubectl: Kubectl, v1: number, v2: number): Promise<number> {
  const backend = (name: string, weight: number) => ({ name, port: 80, weight });
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'catalog', namespace: bookshopNamespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'catalog', port: 80 }],
      rules: [{ backendRefs: [backend('catalog-v1', v1), backend('catalog-v2', v2)] }],
    },
  };
  await kubectl.apply([route]);
  return Date.now();
}

/** A page of a pod's sidecar, by way of the API server. */
export async function sidecarPageOf(kubectl: Kubectl, pod: string, path: string): Promise<string> {
  return await kubectl.must([
    'get',
    '--raw',
    `/api/v1/namespaces/${bookshopNamespace}/pods/${pod}:15020/proxy${path}`,
  ]);
}

export async function eventuallyReady(
  kubectl: Kubectl,
  app: string,
  count: number,
): Promise<readonly KubernetesObject[]> {
  return await eventually(
    async () => {
      const pods = await podsOf(kubectl, app);
      const ready = pods.filter((pod) => conditionOf(pod, 'Ready') === 'True');
      if (ready.length !== count || pods.length !== count)
        throw new Error(
          `${ready.length} of ${pods.length} pods of ${app} are ready, not ${count} of ${count}`,
        );
      return ready;
    },
    { ...clusterPace, timeoutMs: 90_000 },
  );
}
