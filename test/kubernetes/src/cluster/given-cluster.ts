import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { Kubectl } from '../kubectl.ts';
import { type Cluster, kubeconfigText } from './cluster.ts';
import { findProgram, type KubernetesAssets } from './find-assets.ts';

/** The cluster that a kubeconfig file leads to; somebody else starts and ends it. */
export class GivenCluster implements Cluster {
  readonly kubectl: Kubectl;
  readonly server: string;
  readonly isGiven = true;
  readonly hasControllers = true;
  readonly helm: string | null;
  readonly loadImages = null;
  readonly nodePid = null;
  readonly #ca: string;
  readonly #temporary: TemporaryDirectory;

  private constructor(kubectl: Kubectl, view: ClusterView, temporary: TemporaryDirectory) {
    this.kubectl = kubectl;
    this.server = view.server;
    this.#ca = view['certificate-authority-data'] ?? '';
    this.#temporary = temporary;
    this.helm = findProgram(null, 'helm');
  }

  static async open(kubeconfig: string, assets: KubernetesAssets | null): Promise<GivenCluster> {
    const program = findProgram(assets, 'kubectl');
    if (program === null) throw new Error('a cluster is given, and kubectl is neither on PATH nor beside it');
    const kubectl = new Kubectl(program, kubeconfig);
    const view = ['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'];
    const { clusters } = JSON.parse(await kubectl.must(view)) as { clusters: { cluster: ClusterView }[] };
    return new GivenCluster(kubectl, clusters[0]!.cluster, await temporaryDirectory('given'));
  }

  async kubeconfigOf(name: string, token: string): Promise<string> {
    const path = join(this.#temporary.path, `${name}.kubeconfig`);
    await writeFile(path, kubeconfigText(this.server, this.#ca, token), { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temporary.remove();
  }
}

interface ClusterView {
  readonly server: string;
  readonly 'certificate-authority-data'?: string;
}
