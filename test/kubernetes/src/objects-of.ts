import { eventually } from '@tulle/testkit';
import { clusterPace, type Kubectl } from './kubectl.ts';

/** What a cluster writes by itself at any time. */
const ephemeral = /^(events|events\.events\.k8s\.io|endpoints|.*\.metrics\.k8s\.io)$/;

/** Every object of the cluster, by version, kind, namespace and name. */
export async function objectsOf(kubectl: Kubectl): Promise<readonly string[]> {
  const served = await kubectl.must(['api-resources', '--verbs=list', '-o', 'name']);
  const resources = served
    .trim()
    .split('\n')
    .filter((resource) => !ephemeral.test(resource));
  const line = '{.apiVersion} {.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}';
  const template = `jsonpath={range .items[*]}${line}{end}`;
  const lines = await kubectl.must(['get', resources.join(','), '-A', '-o', template]);
  return lines.split('\n').filter(Boolean).sort();
}

/** What is there once the cluster itself has made what it makes when it starts: two looks see the same. */
export async function settledObjectsOf(kubectl: Kubectl): Promise<readonly string[]> {
  let last: readonly string[] = [];
  await eventually(
    async () => {
      const before = last;
      last = await objectsOf(kubectl);
      const isNew = (key: string) => !before.includes(key);
      if (last.some(isNew)) throw new Error(`there are more and more objects: ${last.filter(isNew)}`);
    },
    { ...clusterPace, intervalMs: 1_000 },
  );
  return last;
}
