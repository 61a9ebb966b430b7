import { eventually } from '@tulle/testkit';
import type { Cluster } from '../cluster/cluster.ts';
import { clusterPace } from '../kubectl.ts';
import { meshNamespace } from './manifests.ts';

const replicas = 2;

/** Lets a Deployment of the mesh look as if nodes ran its pods, ready or not; its programs run as processes here. */
export async function pretendReady(cluster: Cluster, deployment: string, isReady = true): Promise<void> {
  const { kubectl } = cluster;
  const own = (...args: readonly string[]) => kubectl.must(['-n', meshNamespace, ...args]);
  const patchStatus = (what: string, status: object) =>
    own('patch', what, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
  await own('scale', `deployment/${deployment}`, `--replicas=${replicas}`);
  if (!cluster.hasControllers) {
    await patchStatus(`deployment/${deployment}`, { replicas, readyReplicas: isReady ? replicas : 0 });
    return;
  }
  const pods = () => kubectl.list(`pods -l app.kubernetes.io/name=${deployment}`, meshNamespace);
  await eventually(async () => {
    if ((await pods()).length !== replicas) throw new Error(`${deployment} has no ${replicas} pods yet`);
  }, clusterPace);
  for (const { metadata } of await pods()) {
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
    await patchStatus(`pod/${metadata.name}`, { phase: 'Running', conditions });
  }
  await eventually(async () => {
    const { status } = await kubectl.get(`deployment/${deployment}`, meshNamespace);
    const ready = status.readyReplicas ?? 0;
    if (ready !== (isReady ? replicas : 0)) throw new Error(`${deployment} still has ${ready} ready pods`);
  }, clusterPace);
}
