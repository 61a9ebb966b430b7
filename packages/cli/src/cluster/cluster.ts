import { KubernetesClient } from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import type { Command } from 'commander';

/** What commands ask of a cluster. */
export type Cluster = Pick<
  KubernetesClient,
  'server' | 'get' | 'list' | 'create' | 'replace' | 'apply' | 'request' | 'close'
>;

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', "the kubeconfig; default: the pod's service account, else as kubectl")
    .option('--context <context>', 'a context of it other than the current one');
}

export function connect({ kubeconfig, context }: ClusterOptions): Cluster {
  return KubernetesClient.load({
    kubeconfig: kubeconfig ?? null,
    context,
    clock: systemClock,
    logger: silentLogger,
    userAgent: 'tulle-cli',
  });
}
