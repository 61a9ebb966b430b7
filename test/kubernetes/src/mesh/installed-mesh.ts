import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eventually,
  freeLoopbackAddress,
  page,
  type RunningProcess,
  startProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@tulle/testkit';
import type { Cluster } from '../cluster/cluster.ts';
import { clusterPace } from '../kubectl.ts';
import { containerEnv } from './container-env.ts';
import {
  containerOf,
  type LocalInjector,
  type Manifest,
  meshNamespace,
  parseManifests,
  root,
  tulle,
  withLocalPrograms,
} from './manifests.ts';

interface StartOptions {
  readonly replica: string;
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
}

/** On an address of its own, hence always free. */
export const injectorPort = 9_443;
const startTimeoutMs = 60_000;

/** A program of the mesh that runs here, as the user of its own ServiceAccount. */
export interface LocalProgram {
  readonly process: RunningProcess;
  readonly address: string;
  /** The text of an admin page. */
  page(path: string): Promise<string>;
}

/**
 * The mesh as `tulle install` writes it, on an API server without nodes: its programs are processes here, each with
 * the environment of its rendered container and the rights of its rendered ServiceAccount.
 */
export class InstalledMesh implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly manifests: readonly Manifest[];
  readonly directory: TemporaryDirectory;
  readonly #injector: LocalInjector;
  readonly #programs: RunningProcess[] = [];
  readonly #namespaces: string[] = [];

  private constructor(
    cluster: Cluster,
    options: { manifests: readonly Manifest[]; injector: LocalInjector; directory: TemporaryDirectory },
  ) {
    this.cluster = cluster;
    this.manifests = options.manifests;
    this.#injector = options.injector;
    this.directory = options.directory;
  }

  static async install(cluster: Cluster): Promise<InstalledMesh> {
    const injector = { address: freeLoopbackAddress(), port: injectorPort };
    const manifests = parseManifests(await tulle(['install']));
    const mesh = new InstalledMesh(cluster, {
      manifests,
      injector,
      directory: await temporaryDirectory('mesh'),
    });
    await mesh.#apply(withLocalPrograms(manifests, injector));
    return mesh;
  }

  get kubectl() {
    return this.cluster.kubectl;
  }

  /** Resolves when it is ready. At the address of one that has ended, it takes its place. */
  async startControlPlane(replica: string, address = freeLoopbackAddress()): Promise<LocalProgram> {
    return await this.#start('tulle-control-plane', 'packages/control-plane/src/main.ts', {
      replica,
      address,
      env: { TULLE_REPLICA: replica, TULLE_DISCOVERY_HOST: address, TULLE_ADMIN_HOST: address },
    });
  }

  /** The API server asks the one that is given no address. */
  async startInjector(replica = 'injector-0', address = this.#injector.address): Promise<LocalProgram> {
    const { port } = this.#injector;
    const at = { TULLE_HOST: address, TULLE_PORT: `${port}`, TULLE_ADMIN_HOST: address };
    return await this.#start('tulle-injector', 'packages/injector-webhook/src/main.ts', {
      replica,
      address,
      // Nobody has to hear of its end before it comes.
      env: { ...at, TULLE_REPLICA: replica, TULLE_DRAIN_DELAY_SECONDS: '0' },
    });
  }

  /** Ends it with the mesh. */
  supervise(process: RunningProcess): void {
    this.#programs.push(process);
  }

  /** A namespace with a default ServiceAccount. */
  async createNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    this.#namespaces.push(name);
    await this.kubectl.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }]);
    if (!this.cluster.hasControllers)
      await this.kubectl.must(['create', 'serviceaccount', 'default', '-n', name]);
    await eventually(() => this.kubectl.get('serviceaccount/default', name), clusterPace);
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop(2_000)));
    if (this.cluster.isGiven) await this.#remove();
    await this.directory.remove();
  }

  async #remove(): Promise<void> {
    for (const namespace of this.#namespaces) await this.kubectl.delete(`namespace/${namespace}`);
    const manifests = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: this.manifests });
    await this.kubectl.must(['delete', '--ignore-not-found', '-f', '-'], manifests);
  }

  /** Kinds before their objects. */
  async #apply(manifests: readonly Manifest[]): Promise<void> {
    const isCrd = ({ kind }: Manifest) => kind === 'CustomResourceDefinition';
    const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
    const first = [...manifests.filter(isCrd), ...namespaces];
    await this.kubectl.apply(first, '--server-side');
    await this.kubectl.must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await this.kubectl.apply(
      manifests.filter((object) => !first.includes(object)),
      '--server-side',
    );
  }

  async #start(account: string, entry: string, options: StartOptions): Promise<LocalProgram> {
    const { replica, address, env } = options;
    const token = await this.kubectl.must(['create', 'token', account, '-n', meshNamespace, '--duration=1h']);
    const stateDirectory = join(this.directory.path, `${account}-${replica}`);
    await mkdir(stateDirectory, { recursive: true });
    const fields = {
      'metadata.name': replica,
      'metadata.namespace': meshNamespace,
      'status.podIP': address,
      'spec.nodeName': 'node',
    };
    const process = await startProcess({
      name: `${account} ${replica}`,
      entry: join(root, entry),
      env: {
        NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/tulle-tests'),
        ...containerEnv(containerOf(this.manifests, account), fields),
        TULLE_KUBECONFIG: await this.cluster.kubeconfigOf(`${account}-${replica}`, token.trim()),
        ...env,
      },
    });
    this.#programs.push(process);
    const url = `http://${address}:15014`;
    await process.waitForReady(`${url}/readyz`, startTimeoutMs);
    return { process, address, page: (path: string) => page(`${url}${path}`) };
  }
}
