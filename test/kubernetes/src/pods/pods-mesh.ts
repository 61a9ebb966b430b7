import { join } from 'node:path';
import { buildImages, imageNames } from '@tulle/images';
import { temporaryDirectory } from '@tulle/testkit';
import type { Cluster } from '../cluster/cluster.ts';
import { findAssets } from '../cluster/find-assets.ts';
import type { Kubectl } from '../kubectl.ts';
import { meshNamespace, root, tulle } from '../mesh/manifests.ts';
import { openCluster } from '../requirements.ts';

const version = '0.1.0';
const startDeadlineSeconds = 120;
const deadlineMs = startDeadlineSeconds * 1_000;

/** A cluster whose nodes have the images, and the mesh on it as `tulle install` writes it. */
export class PodsMesh implements AsyncDisposable {
  readonly cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Nothing is installed yet but the kinds of Gateway API, which are not ours. */
  static async open(): Promise<PodsMesh> {
    const mesh = new PodsMesh(await openCluster());
    try {
      await mesh.#loadImages();
      await mesh.#installGatewayApi();
    } catch (thrown) {
      await mesh[Symbol.asyncDispose]();
      throw thrown;
    }
    return mesh;
  }

  get kubectl(): Kubectl {
    return this.cluster.kubectl;
  }

  async tulle(...args: string[]): Promise<string> {
    return await tulle(args, { kubeconfig: this.kubectl.kubeconfig });
  }

  /** As the README says it: `tulle install | kubectl apply --server-side -f -`. */
  async install(): Promise<void> {
    const manifests = await tulle(['install']);
    await this.kubectl.must(['apply', '--server-side', '-f', '-'], manifests);
    await this.untilReady();
  }

  /** As `tulle uninstall --help` says it, for the case that nothing is to be kept. */
  async uninstall(): Promise<void> {
    const removal = await tulle(['uninstall', '--purge']);
    await this.kubectl.must(['delete', '--ignore-not-found', '-f', '-'], removal, deadlineMs);
    await this.tulle('uninstall', '--route-statuses');
  }

  async untilReady(): Promise<void> {
    for (const program of ['tulle-control-plane', 'tulle-injector']) {
      const timeout = `--timeout=${startDeadlineSeconds}s`;
      const status = ['rollout', 'status', `deployment/${program}`, '-n', meshNamespace, timeout];
      await this.kubectl.must(status, '', deadlineMs);
    }
  }

  /** Names of everything in the cluster that is, or could be, the mesh's. Events end by themselves. */
  async traces(): Promise<readonly string[]> {
    const kinds = (await this.kubectl.must(['api-resources', '--verbs=list', '-o', 'name']))
      .trim()
      .split('\n');
    const lasting = kinds.filter((kind) => !kind.startsWith('events'));
    const names = await this.kubectl.must([
      'get',
      lasting.join(','),
      '-A',
      '-o',
      'name',
      '--ignore-not-found',
    ]);
    return names.split('\n').filter((name) => name.includes('tulle'));
  }

  async scaleControlPlane(replicas: number): Promise<void> {
    const scale = ['scale', 'deployment/tulle-control-plane', '-n', meshNamespace, `--replicas=${replicas}`];
    await this.kubectl.must(scale);
    if (replicas > 0) return await this.untilReady();
    const gone = ['wait', 'pod', '-n', meshNamespace, '-l', 'app.kubernetes.io/name=tulle-control-plane'];
    await this.kubectl.must([...gone, '--for=delete', '--timeout=50s']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }

  async #loadImages(): Promise<void> {
    const { loadImages } = this.cluster;
    if (loadImages === null) return;
    await using folder = await temporaryDirectory('images');
    const naming = { registry: 'tulle.dev', version };
    const options = { root, names: imageNames, outFolder: folder.path, hasSourceMaps: false, ...naming };
    await loadImages((await buildImages(options)).map(({ file }) => file));
  }

  async #installGatewayApi(): Promise<void> {
    const search = findAssets();
    const isThere =
      (await this.kubectl.run(['get', 'crd', 'httproutes.gateway.networking.k8s.io'])).code === 0;
    if (isThere) return;
    const scripts = search.kind === 'found' ? search.assets.scripts : null;
    if (scripts === null) throw new Error('the cluster lacks the kinds of Gateway API: install them first');
    await this.kubectl.must(['apply', '--server-side', '-f', join(scripts, 'gateway-api/standard.yaml')]);
  }
}
