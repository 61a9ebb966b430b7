import { spawnSync } from 'node:child_process';
import { findProgram, type KubernetesAssets } from './find-assets.ts';

/** What the cluster of TULLE_TEST_KUBECONFIG is good for. */
export type GivenFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string }
  /** For pods. */
  | { readonly kind: 'nodes'; readonly kubeconfig: string }
  /** On this machine and without nodes: for programs that run here, whom its API server reaches on loopback. */
  | { readonly kind: 'local'; readonly kubeconfig: string };

export function readGivenFacts(kubeconfig: string | undefined, assets: KubernetesAssets | null): GivenFacts {
  if (kubeconfig === undefined || kubeconfig === '') return { kind: 'none' };
  const program = findProgram(assets, 'kubectl');
  if (program === null) return { kind: 'unusable', reason: 'kubectl is not on PATH' };
  const ask = (...args: string[]) =>
    spawnSync(program, ['--kubeconfig', kubeconfig, '--request-timeout=10s', ...args], { encoding: 'utf8' });
  const nodes = ask('get', 'nodes', '-o', 'name');
  if (nodes.status !== 0) return { kind: 'unusable', reason: nodes.stderr.trim() };
  if (nodes.stdout.trim() !== '') return { kind: 'nodes', kubeconfig };
  const server = ask('config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}').stdout;
  if (!/^https:\/\/(127\.|localhost|\[::1\])/.test(server))
    return { kind: 'unusable', reason: `${server} has no nodes, and is not on this machine's loopback` };
  const account = ask('get', 'serviceaccount', 'default', '-n', 'default');
  if (account.status !== 0)
    return { kind: 'unusable', reason: 'its kube-controller-manager makes no service accounts' };
  return { kind: 'local', kubeconfig };
}
