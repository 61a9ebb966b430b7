import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type RunningProcess, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { Cluster } from './cluster.ts';
import {
  endpointAddress,
  type MeshService,
  type MtlsMode,
  meshConfig,
  meshResources,
  namespace,
  peerAuthentication,
} from './mesh-resources.ts';
import type { Pod } from './pod.ts';

const startTimeoutMs = 60_000;
const discoveryPort = 15_012;
const controlPlaneAdminPort = 15_014;
const metricsPort = 15_020;

/** What capture leaves alone in the pods of these tests. */
export const excludedPort = 9_100;

/** A cluster with a control plane in a pod of its own, and pods that are captured by real sidecars, or have none. */
export class NetnsMesh implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #directory: TemporaryDirectory;
  readonly #controlPlane: Pod;
  readonly #meshed: Pod[] = [];
  readonly #plain: Pod[] = [];
  readonly sidecars = new Map<string, RunningProcess>();

  private constructor(cluster: Cluster, controlPlane: Pod, directory: TemporaryDirectory) {
    this.cluster = cluster;
    this.#controlPlane = controlPlane;
    this.#directory = directory;
  }

  /** `meshed` are the pods that may have an identity. */
  static async create(pods: { readonly meshed: readonly string[]; readonly plain: readonly string[] }) {
    const cluster = await Cluster.create();
    const directory = await temporaryDirectory('netns');
    // Sidecars and applications are other users; what they may not see is in files of their own.
    await chmod(directory.path, 0o755);
    const mesh = new NetnsMesh(cluster, await cluster.addPod('control-plane'), directory);
    for (const name of pods.meshed) mesh.#meshed.push(await cluster.addPod(name));
    for (const name of pods.plain) mesh.#plain.push(await cluster.addPod(name));
    await mkdir(mesh.#path('config'));
    const tokens = pods.meshed.map((name) => ({
      token: randomBytes(24).toString('base64url'),
      namespace,
      serviceAccount: name,
      pod: name,
    }));
    await writeFile(mesh.#path('tokens'), JSON.stringify({ tokens }), { mode: 0o600 });
    for (const { token, pod } of tokens) await writeFile(mesh.#path(`token-${pod}`), token, { mode: 0o600 });
    return mesh;
  }

  pod(name: string): Pod {
    return [...this.#meshed, ...this.#plain].find((pod) => pod.name === name)!;
  }

  /** Writes the resources, has the virtual IPs lead where they say, and starts the control plane and sidecars. */
  async start(services: readonly MeshService[]): Promise<void> {
    const pods = [
      ...this.#meshed.map((pod) => ({ ...addressesOf(pod), isMeshed: true })),
      ...this.#plain.map((pod) => ({ ...addressesOf(pod), isMeshed: false })),
    ];
    for (const [file, text] of Object.entries(meshResources(pods, services))) await this.#write(file, text);
    await this.cluster.addVirtualIps(services.flatMap(virtualIpsOf));
    const controlPlane = await this.#controlPlane.start(
      'control plane',
      'packages/control-plane/src/main.ts',
      {
        user: 'root',
        env: {
          TULLE_CONFIG_DIR: this.#path('config'),
          TULLE_STATE_DIR: this.#path('state'),
          TULLE_TOKENS_FILE: this.#path('tokens'),
          TULLE_DISCOVERY_HOST: this.#controlPlane.ipv4,
          TULLE_ADMIN_HOST: this.#controlPlane.ipv4,
        },
      },
    );
    await untilReady(controlPlane, this.#controlPlane, controlPlaneAdminPort);
    await Promise.all(this.#meshed.map((pod) => this.#startSidecar(pod)));
  }

  async setMtlsMode(mode: MtlsMode): Promise<void> {
    await this.#write('peer-authentication.json', peerAuthentication(mode));
  }

  async setUnknownDestinations(answer: 'Allow' | 'Refuse'): Promise<void> {
    await this.#write('mesh-config.json', meshConfig(answer));
  }

  metrics(pod: Pod): Promise<string> {
    return pod.page(metricsPort, '/metrics');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await this.#directory.remove();
  }

  /** First the rules, then the sidecar, as an init container has it. */
  async #startSidecar(pod: Pod): Promise<void> {
    const { code, stderr } = await pod.init(
      '--excluded-outbound-ports',
      `${excludedPort}`,
      '--excluded-inbound-ports',
      `${excludedPort}`,
    );
    if (code !== 0) throw new Error(`the init program of ${pod.name} ended with ${code}: ${stderr}`);
    const sidecar = await pod.start('sidecar', 'packages/sidecar/src/main.ts', {
      user: 'sidecar',
      env: {
        TULLE_CAPTURE: 'redirect',
        TULLE_WORKLOAD: `${namespace}/${pod.name}`,
        TULLE_CONTROL_PLANE: `${this.#controlPlane.ipv4}:${discoveryPort}`,
        TULLE_CA_FILE: this.#path('state/root.pem'),
        TULLE_TOKEN_FILE: this.#path(`token-${pod.name}`),
        TULLE_HOST: pod.ipv4,
        TULLE_ACCESS_LOG: 'json',
      },
    });
    this.sidecars.set(pod.name, sidecar);
    await untilReady(sidecar, pod, metricsPort);
  }

  async #write(file: string, text: string): Promise<void> {
    await writeFile(this.#path('draft'), text);
    await rename(this.#path('draft'), this.#path(`config/${file}`));
  }

  #path(name: string): string {
    return join(this.#directory.path, name);
  }
}

function virtualIpsOf(service: MeshService) {
  return service.ports.map(({ port, targetPort }) => ({
    address: service.virtualIp,
    port,
    endpoints: service.pods.map((pod) => ({ address: endpointAddress(service, pod), port: targetPort })),
  }));
}

function addressesOf({ name, ipv4, ipv6 }: Pod) {
  return { name, ipv4, ipv6 };
}

async function untilReady(process: RunningProcess, pod: Pod, port: number): Promise<void> {
  await eventually(() => (process.exit === null ? pod.page(port, '/readyz') : null), {
    timeoutMs: startTimeoutMs,
    intervalMs: 200,
  }).catch(() => {});
  if (process.exit !== null) throw new Error(`${process.name} has ended:\n${process.lastLines()}`);
  await pod.page(port, '/readyz').catch((thrown) => {
    throw new Error(`${process.name} is not ready: ${thrown}\n${process.lastLines()}`);
  });
}
