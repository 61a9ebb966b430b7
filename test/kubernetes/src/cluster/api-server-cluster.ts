import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  eventually,
  type RunningProcess,
  startProgram,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@tulle/testkit';
import { Kubectl } from '../kubectl.ts';
import { type Cluster, kubeconfigText } from './cluster.ts';
import { findProgram, type KubernetesAssets } from './find-assets.ts';
import { testament } from './testament.ts';

interface Ports {
  readonly apiServer: number;
  readonly etcd: number;
  readonly etcdPeer: number;
}

const controllerManager = 'kube-controller-manager';
const readyTimeoutMs = 90_000;
/** Where the programs can, they end by themselves after so long, whatever became of the tests. */
const lifetime = '1800s';

/**
 * etcd, kube-apiserver and, where it is here, kube-controller-manager on loopback: everything of Kubernetes but
 * nodes, so pods are made and admitted and never run. The API server can be killed and started again, and finds what it knew.
 */
export class ApiServerCluster implements Cluster {
  readonly kubectl: Kubectl;
  readonly server: string;
  readonly isGiven = false;
  readonly hasControllers: boolean;
  readonly helm: string | null;
  readonly loadImages = null;
  readonly nodePid = null;
  readonly #assets: KubernetesAssets;
  readonly #directory: TemporaryDirectory;
  readonly #ports: Ports;
  readonly #tokens = { admin: randomToken(), controllers: randomToken() };
  readonly #testament: ReturnType<typeof testament>;
  readonly #started = new Map<string, RunningProcess>();

  private constructor(assets: KubernetesAssets, directory: TemporaryDirectory, ports: Ports) {
    this.#assets = assets;
    this.#directory = directory;
    this.#ports = ports;
    this.server = `https://127.0.0.1:${ports.apiServer}`;
    this.kubectl = new Kubectl(join(assets.directory, 'kubectl'), this.#path('admin.kubeconfig'));
    this.hasControllers = existsSync(join(assets.directory, controllerManager));
    this.helm = findProgram(assets, 'helm');
    this.#testament = testament(['rm', '-rf', directory.path]);
  }

  static async start(assets: KubernetesAssets): Promise<ApiServerCluster> {
    const directory = await temporaryDirectory('kube');
    const [apiServer, etcd, etcdPeer] = (await freePorts(3)) as [number, number, number];
    const cluster = new ApiServerCluster(assets, directory, { apiServer, etcd, etcdPeer });
    try {
      await cluster.#start();
      return cluster;
    } catch (thrown) {
      await cluster[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Without a chance to say good-bye; its clients' connections break. */
  async killApiServer(): Promise<void> {
    await this.#started.get('kube-apiserver')?.stop(0);
  }

  /** On the same etcd, port and keys as before. */
  async startApiServer(): Promise<void> {
    const server = await this.#run('kube-apiserver', this.#apiServerFlags());
    await this.#untilReady(server);
  }

  async kubeconfigOf(name: string, token: string): Promise<string> {
    const path = this.#path(`${name}.kubeconfig`);
    const ca = (await readFile(this.#path('apiserver.crt'))).toString('base64');
    await writeFile(path, kubeconfigText(this.server, ca, token), { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#started.values()].map((process) => process.stop(0)));
    await this.#directory.remove();
    this.#testament.revoke();
  }

  async #start(): Promise<void> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    await writeFile(this.#path('sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    const { admin, controllers } = this.#tokens;
    const users = `${admin},admin,1,"system:masters"\n${controllers},system:kube-controller-manager,2\n`;
    await writeFile(this.#path('tokens.csv'), users, { mode: 0o600 });
    await this.#run('etcd', etcdFlags(this.#path('etcd'), this.#ports));
    const server = await this.#run('kube-apiserver', this.#apiServerFlags());
    const certified = async () => server.exit ?? (await access(this.#path('apiserver.crt')));
    await eventually(certified, { timeoutMs: readyTimeoutMs });
    await this.kubeconfigOf('admin', admin);
    await this.#untilReady(server);
    if (this.hasControllers)
      await this.#startControllers(await this.kubeconfigOf('controllers', controllers));
  }

  async #startControllers(kubeconfig: string): Promise<void> {
    await this.#run(controllerManager, [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${this.#path('sa.key')}`,
      `--root-ca-file=${this.#path('apiserver.crt')}`,
      '--use-service-account-credentials',
      `--flex-volume-plugin-dir=${this.#path('volume-plugins')}`,
      '--bind-address=127.0.0.1',
      '--secure-port=0',
      '--leader-elect=false',
      '--profiling=false',
    ]);
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await eventually(() => this.#expectOk(account), { timeoutMs: readyTimeoutMs, intervalMs: 100 });
  }

  async #untilReady(server: RunningProcess): Promise<void> {
    await eventually(async () => server.exit ?? (await this.#expectOk('/readyz')), {
      timeoutMs: readyTimeoutMs,
      intervalMs: 100,
    }).catch((thrown) => {
      throw new Error(`kube-apiserver is not ready: ${thrown}\n${server.lastLines()}`);
    });
    if (server.exit !== null) throw new Error(`kube-apiserver has ended:\n${server.lastLines()}`);
  }

  /** By itself, since a kubectl every few moments costs more than what it waits for. */
  async #expectOk(path: string): Promise<void> {
    const ca = await readFile(this.#path('apiserver.crt'));
    const headers = { authorization: `Bearer ${this.#tokens.admin}` };
    await new Promise<void>((resolve, reject) => {
      const request = get(new URL(path, this.server), { ca, headers, timeout: 5_000, agent: false });
      request.once('error', reject).once('timeout', () => request.destroy(new Error(`${path}: no answer`)));
      request.once('response', (response) => {
        response.resume();
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${path} answers ${response.statusCode}`));
      });
    });
  }

  /** Dies with this process, even where that is killed. */
  async #run(name: string, flags: readonly string[]): Promise<RunningProcess> {
    const leash = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL'] : [];
    const started = await startProgram({
      name,
      command: [...leash, join(this.#assets.directory, name), ...flags],
      env: { KUBE_FOR: lifetime, HOME: this.#directory.path },
    });
    this.#started.set(name, started);
    return started;
  }

  #apiServerFlags(): readonly string[] {
    const flags = apiServerFlags(this.#directory.path, this.#ports);
    return this.hasControllers ? flags : [...flags, '--disable-admission-plugins=ServiceAccount'];
  }

  #path(name: string): string {
    return join(this.#directory.path, name);
  }
}

function etcdFlags(directory: string, { etcd, etcdPeer }: Ports): readonly string[] {
  const [client, peer] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${etcdPeer}`];
  return [
    '--name=test',
    `--data-dir=${directory}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
  ];
}

/** Its certificate it makes by itself, in `directory`, where a later start finds it again. */
function apiServerFlags(directory: string, { apiServer, etcd }: Ports): readonly string[] {
  const key = join(directory, 'sa.key');
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${apiServer}`,
    '--advertise-address=127.0.0.1',
    // Since 1.37 it ends at once when it is to announce a loopback address.
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/16',
    `--cert-dir=${directory}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-signing-key-file=${key}`,
    `--service-account-key-file=${key}`,
    '--profiling=false',
  ];
}

function randomToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Held together, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
