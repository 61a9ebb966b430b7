import { describe } from 'vitest';
import { ApiServerCluster } from './cluster/api-server-cluster.ts';
import type { Cluster } from './cluster/cluster.ts';
import { type AssetsSearch, findAssets, howToGiveACluster } from './cluster/find-assets.ts';
import { GivenCluster } from './cluster/given-cluster.ts';
import { type GivenFacts, readGivenFacts } from './cluster/given-facts.ts';
import { NodeCluster } from './cluster/node-cluster.ts';

/**
 * What tests need: an API server without nodes on this machine, one of their own that they may kill, or a cluster
 * on which pods run.
 */
export type ClusterNeed = 'api-server' | 'own-api-server' | 'pods';

/** A describe() that says in its name why it is skipped, where it is. On CI it never is: what is missing fails. */
export function describeCluster(need: ClusterNeed, name: string, body: () => void): void {
  const reason = whyNoCluster(need, given(), findAssets());
  if (reason !== null && process.env.CI === 'true')
    throw new Error(`test/kubernetes must not be skipped on CI: ${reason}`);
  describe.skipIf(reason !== null)(`${name}${reason === null ? '' : ` (skipped: ${reason})`}`, body);
}

/** The one that was given, if it is of this kind, else one of its own. */
export async function openApiServer(): Promise<Cluster> {
  return (await openGiven('local')) ?? (await startApiServer());
}

export async function startApiServer(): Promise<ApiServerCluster> {
  return ApiServerCluster.start(foundAssets()!);
}

/** The cluster that was given, else one of its own with one node. */
export async function openCluster(): Promise<Cluster> {
  return (await openGiven('nodes')) ?? (await NodeCluster.start(foundAssets()!));
}

/** Null: there is one, or it can be started. */
export function whyNoCluster(need: ClusterNeed, given: GivenFacts, search: AssetsSearch): string | null {
  if (given.kind === 'unusable')
    return `the cluster of TULLE_TEST_KUBECONFIG cannot be used: ${given.reason}; ${howToGiveACluster}`;
  if (given.kind === 'local' && need === 'api-server') return null;
  if (given.kind === 'nodes' && need === 'pods') return null;
  if (search.kind === 'missing') return search.reason;
  if (need !== 'pods') return null;
  if (search.assets.scripts === null)
    return `no node can be started with KUBEBUILDER_ASSETS alone: ${howToGiveACluster}`;
  if (process.platform !== 'linux') return `a node can be started on Linux alone: ${howToGiveACluster}`;
  return process.getuid?.() === 0
    ? null
    : `to start a node needs root (sudo npm run test:kubernetes); or ${howToGiveACluster}`;
}

async function openGiven(kind: 'local' | 'nodes'): Promise<GivenCluster | null> {
  const facts = given();
  return facts.kind === kind ? await GivenCluster.open(facts.kubeconfig, foundAssets()) : null;
}

let facts: GivenFacts | null = null;

function given(): GivenFacts {
  facts ??= readGivenFacts(process.env.TULLE_TEST_KUBECONFIG, foundAssets());
  return facts;
}

function foundAssets() {
  const search = findAssets();
  return search.kind === 'found' ? search.assets : null;
}
