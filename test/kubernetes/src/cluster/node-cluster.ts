import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { Kubectl, runCommand } from '../kubectl.ts';
import { type Cluster, kubeconfigText } from './cluster.ts';
import { findProgram, type KubernetesAssets } from './find-assets.ts';
import { testament } from './testament.ts';

const lifetimeSeconds = 1_800;
const upTimeoutMs = 240_000;
/** Numbers that tests take, far from those that somebody starts by hand; each is a range of addresses. */
const numbers = Array.from({ length: 40 }, (_, i) => 200 + i);

/** A whole cluster of one node, on which pods run; in namespaces of its own, all of which end together. */
export class NodeCluster implements Cluster {
  readonly kubectl: Kubectl;
  readonly server: string;
  readonly isGiven = false;
  readonly hasControllers = true;
  readonly helm: string | null;
  /** Where it keeps its logs. */
  readonly directory: string;
  readonly #assets: KubernetesAssets;
  readonly #scripts: string;
  readonly #temporary: TemporaryDirectory;
  readonly #testament: ReturnType<typeof testament>;

  private constructor(assets: KubernetesAssets, temporary: TemporaryDirectory, number: number) {
    if (assets.scripts === null) throw new Error('a node is started by the scripts of shared/kube');
    this.#assets = assets;
    this.#scripts = assets.scripts;
    this.#temporary = temporary;
    this.directory = join(temporary.path, 'kube');
    this.server = `https://10.213.${number}.2:6443`;
    this.kubectl = new Kubectl(
      join(assets.directory, 'kubectl'),
      join(this.directory, 'pki/admin.kubeconfig'),
    );
    this.helm = findProgram(assets, 'helm');
    const end = [
      'sh',
      '-c',
      '"$0" --dir "$1/kube"; rm -rf "$1"',
      join(this.#scripts, 'down'),
      temporary.path,
    ];
    this.#testament = testament(end);
  }

  /** Needs root. Starts on the first number that no other cluster has. */
  static async start(assets: KubernetesAssets): Promise<NodeCluster> {
    const offset = process.pid % numbers.length;
    for (const number of [...numbers.slice(offset), ...numbers.slice(0, offset)]) {
      const cluster = new NodeCluster(assets, await temporaryDirectory('node'), number);
      const failure = await cluster.#up(number);
      if (failure === null) {
        await sharesForPods(number);
        return cluster;
      }
      await cluster[Symbol.asyncDispose]();
      if (!failure.includes(`another cluster ${number} runs`)) throw new Error(failure);
    }
    throw new Error('all numbers of clusters are taken: see `ip link`, and stop those left over');
  }

  get nodePid(): number {
    return Number(readFileSync(join(this.directory, 'pid/node-1'), 'utf8'));
  }

  readonly loadImages = async (files: readonly string[]): Promise<void> => {
    const command = [join(this.#scripts, 'load'), this.#assets.directory, this.directory, ...files];
    const { code, stderr } = await runCommand(command, { timeoutMs: upTimeoutMs });
    if (code !== 0) throw new Error(`the images could not be loaded: ${stderr}`);
  };

  async kubeconfigOf(name: string, token: string): Promise<string> {
    const path = join(this.#temporary.path, `${name}.kubeconfig`);
    const ca = (await readFile(join(this.directory, 'pki/ca.crt'))).toString('base64');
    await writeFile(path, kubeconfigText(this.server, ca, token), { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runCommand([join(this.#scripts, 'down'), '--dir', this.directory]);
    await this.#temporary.remove();
    this.#testament.revoke();
  }

  /** Why it could not be started; null when it runs. */
  async #up(number: number): Promise<string | null> {
    const where = ['--assets', this.#assets.directory, '--dir', this.directory, '--id', `${number}`];
    const command = [join(this.#scripts, 'up-node'), ...where, '--for', `${lifetimeSeconds}`];
    const { code, stderr } = await runCommand(command, { timeoutMs: upTimeoutMs });
    return code === 0 ? null : `up-node ended with ${code}: ${stderr}`;
  }
}

/** Of the processor, under cgroups of version 1 and of version 2: what eight threads outside have. */
const shares = [
  ['/sys/fs/cgroup/cpu', 'cpu.shares', '8192'],
  ['/sys/fs/cgroup', 'cpu.weight', '800'],
] as const;

/**
 * On a machine of its own, all pods together have twice the share of all else together. Here the group of the pods
 * would have that of a single thread of the API server's, of etcd's or of the test's.
 */
async function sharesForPods(number: number): Promise<void> {
  for (const [root, file, share] of shares) {
    const path = join(root, `kube-tulle${number}`, file);
    if (existsSync(path)) await writeFile(path, share);
  }
}
