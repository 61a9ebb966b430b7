import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../../..');

/** Kubernetes as programs of this machine. */
export interface KubernetesAssets {
  /** The folder of kube-apiserver, etcd and kubectl. */
  readonly directory: string;
  /** The folder of `up-node`, `down` and `load`; null where only the programs were given. */
  readonly scripts: string | null;
}

/** What a machine has of Kubernetes, or why that is not enough. */
export type AssetsSearch =
  | { readonly kind: 'found'; readonly assets: KubernetesAssets }
  | { readonly kind: 'missing'; readonly reason: string };

const programs = ['kube-apiserver', 'etcd', 'kubectl'] as const;

export const howToGiveACluster =
  'give a cluster made for tests by TULLE_TEST_KUBECONFIG, or by KUBEBUILDER_ASSETS the folder of ' +
  `${programs.join(', ')} (setup-envtest downloads one), or put the folder shared/kube beside the checkout`;

let found: AssetsSearch | null = null;

/** KUBEBUILDER_ASSETS, else what `shared/kube` beside the checkout unpacks; looked for once a process. */
export function findAssets(env: NodeJS.ProcessEnv = process.env): AssetsSearch {
  found ??= search(env.KUBEBUILDER_ASSETS);
  return found;
}

function search(given: string | undefined): AssetsSearch {
  const scripts = checkouts()
    .map((checkout) => join(dirname(checkout), 'shared/kube'))
    .find((folder) => existsSync(join(folder, 'unpack')));
  const directory = given === undefined || given === '' ? unpack(scripts) : resolve(given);
  if (directory === null) return { kind: 'missing', reason: `no Kubernetes is here: ${howToGiveACluster}` };
  const absent = programs.filter((program) => !existsSync(join(directory, program)));
  if (absent.length > 0)
    return { kind: 'missing', reason: `${directory} has no ${absent.join(', ')}: ${howToGiveACluster}` };
  return { kind: 'found', assets: { directory, scripts: scripts ?? null } };
}

function unpack(scripts: string | undefined): string | null {
  if (scripts === undefined) return null;
  const { status, stdout } = spawnSync(join(scripts, 'unpack'), { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** This checkout, the one that it is a worktree of, and the one on this machine that it was cloned from. */
function checkouts(): readonly string[] {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim();
  const common = git('rev-parse', '--path-format=absolute', '--git-common-dir');
  const origin = git('config', '--get', 'remote.origin.url')?.replace(/^file:\/\//, '');
  return [
    root,
    ...(common === undefined || common === '' ? [] : [dirname(common)]),
    ...(origin?.startsWith('/') ? [origin.replace(/\/\.git\/?$/, '')] : []),
  ];
}

/** A program of the assets, else of PATH; null without one. */
export function findProgram(assets: KubernetesAssets | null, name: string): string | null {
  const folders = [assets?.directory ?? null, ...(process.env.PATH ?? '').split(delimiter)];
  const paths = folders
    .filter((folder) => folder !== null && folder !== '')
    .map((folder) => join(folder!, name));
  return paths.find((path) => existsSync(path)) ?? null;
}
