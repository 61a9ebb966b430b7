import { describe } from 'vitest';
import { ApiServerCluster } from './cluster/api-server-cluster.ts';
import type { Cluster } from './cluster/cluster.ts';
import { findAssets, howToGiveACluster } from './cluster/find-assets.ts';
import { GivenCluster } from './cluster/given-cluster.ts';
import { NodeCluster } from './cluster/node-cluster.ts';

/** What tests need: any API server, one of their own that they may kill, or a cluster on which pods run. */
export type ClusterNeed = 'api-server' | 'own-api-server' | 'pods';

/** A describe() that says in its name why it is skipped, where it is. On CI it never is: what is missing fails. */
export function describeCluster(need: ClusterNeed, name: string, body: () => void): void {
  const reason = whyNoCluster(need);
  if (reason !== null && process.env.CI === 'true')
    throw new Error(`test/kubernetes must not be skipped on CI: ${reason}`);
  describe.skipIf(reason !== null)(`${name}${reason === null ? '' : ` (skipped: ${reason})`}`, body);
}

export async function startApiServer(): Promise<ApiServerCluster> {
  return ApiServerCluster.start(requireAssets());
}

/** The cluster that was given, else one of its own with one node. */
export async function openCluster(): Promise<Cluster> {
  return (await openGiven()) ?? (await NodeCluster.start(requireAssets()));
}

function whyNoCluster(need: ClusterNeed): string | null {
  if (need !== 'own-api-server' && givenKubeconfig() !== null) return null;
  const search = findAssets();
  if (search.kind === 'missing') return search.reason;
  if (need !== 'pods') return null;
  if (search.assets.scripts === null)
    return `there are no nodes with KUBEBUILDER_ASSETS alone: ${howToGiveACluster}`;
  if (process.platform !== 'linux') return 'a node runs on Linux: give a cluster by TULLE_TEST_KUBECONFIG';
  return process.getuid?.() === 0
    ? null
    : 'a node needs root: sudo npm run test:kubernetes, or give a cluster by TULLE_TEST_KUBECONFIG';
}

async function openGiven(): Promise<GivenCluster | null> {
  const kubeconfig = givenKubeconfig();
  const search = findAssets();
  return kubeconfig === null
    ? null
    : await GivenCluster.open(kubeconfig, search.kind === 'found' ? search.assets : null);
}

function givenKubeconfig(): string | null {
  const path = process.env.TULLE_TEST_KUBECONFIG ?? '';
  return path === '' ? null : path;
}

function requireAssets() {
  const search = findAssets();
  if (search.kind === 'missing') throw new Error(search.reason);
  return search.assets;
}
