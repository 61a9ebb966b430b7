import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { freeLoopbackAddress } from '../loopback-address.ts';
import { type RunningProcess, startProcess } from '../start-process.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../temporary-directory.ts';
import { type MeshSpec, meshYaml, namespace, type PodSpec } from './mesh-yaml.ts';

const root = resolve(import.meta.dirname, '../../../..');
const startTimeoutMs = 40_000;

const discoveryPort = 15_012;
const controlPlaneAdminPort = 15_014;
export const inboundPort = 15_006;
export const metricsPort = 15_020;
const sidecarAdminPort = 15_000;

/** A whole mesh on loopback addresses of its own: one control plane, a sidecar for each pod that is started. */
export class Mesh implements AsyncDisposable {
  readonly controlPlaneAddress = freeLoopbackAddress();
  readonly configDirectory: string;
  readonly stateDirectory: string;
  readonly #directory: TemporaryDirectory;
  readonly #controlPlaneEnv: Readonly<Record<string, string>>;
  readonly #processes: RunningProcess[] = [];
  readonly #tokens: { token: string; namespace: string; serviceAccount: string; pod: string }[] = [];

  private constructor(directory: TemporaryDirectory, controlPlaneEnv: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#controlPlaneEnv = controlPlaneEnv;
    this.configDirectory = join(directory.path, 'config');
    this.stateDirectory = join(directory.path, 'state');
  }

  /** `pods` are those that get a token; the control plane reads the list at its start. */
  static async create(options: {
    readonly pods: readonly PodSpec[];
    readonly controlPlaneEnv?: Readonly<Record<string, string>>;
  }): Promise<Mesh> {
    const mesh = new Mesh(await temporaryDirectory('e2e'), options.controlPlaneEnv ?? {});
    await mkdir(mesh.configDirectory);
    for (const { name, serviceAccount } of options.pods) {
      const token = randomBytes(24).toString('base64url');
      mesh.#tokens.push({ token, namespace, serviceAccount, pod: name });
      await writeFile(mesh.#tokenFile(name), token, { mode: 0o600 });
    }
    await writeFile(mesh.#tokenFile('list'), JSON.stringify({ tokens: mesh.#tokens }), { mode: 0o600 });
    return mesh;
  }

  /** Writes the YAML of `spec` over what stood. Each file is replaced in one step. */
  async apply(spec: MeshSpec): Promise<void> {
    for (const [file, text] of Object.entries(meshYaml(spec))) await this.writeConfig(file, text);
  }

  async writeConfig(file: string, text: string): Promise<void> {
    const draft = join(this.#directory.path, 'draft.yaml');
    await writeFile(draft, text);
    await rename(draft, join(this.configDirectory, file));
  }

  async startControlPlane(): Promise<RunningProcess> {
    const controlPlane = await this.#start('control-plane', 'packages/control-plane/src/main.ts', {
      TULLE_CONFIG_DIR: this.configDirectory,
      TULLE_STATE_DIR: this.stateDirectory,
      TULLE_TOKENS_FILE: this.#tokenFile('list'),
      TULLE_DISCOVERY_HOST: this.controlPlaneAddress,
      TULLE_ADMIN_HOST: this.controlPlaneAddress,
      ...this.#controlPlaneEnv,
    });
    await controlPlane.waitForReady(
      `http://${this.controlPlaneAddress}:${controlPlaneAdminPort}/readyz`,
      startTimeoutMs,
    );
    return controlPlane;
  }

  /** Starts a pod's sidecar without waiting for it. */
  launchSidecar(pod: PodSpec, env: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
    return this.#start(`sidecar of ${pod.name}`, 'packages/sidecar/src/main.ts', {
      TULLE_WORKLOAD: `${namespace}/${pod.name}`,
      TULLE_CONTROL_PLANE: `${this.controlPlaneAddress}:${discoveryPort}`,
      TULLE_CA_FILE: join(this.stateDirectory, 'root.pem'),
      TULLE_TOKEN_FILE: this.#tokenFile(pod.name),
      TULLE_HOST: pod.address,
      TULLE_ADMIN_HOST: pod.address,
      TULLE_ACCESS_LOG: 'json',
      ...env,
    });
  }

  /** Starts the sidecars of these pods, side by side, and waits until all are ready. */
  async startSidecars(...pods: readonly PodSpec[]): Promise<readonly RunningProcess[]> {
    const sidecars = await Promise.all(pods.map((pod) => this.launchSidecar(pod)));
    await Promise.all(pods.map((pod, index) => untilSidecarReady(sidecars[index]!, pod)));
    return sidecars;
  }

  controlPlanePage(path: string): Promise<string> {
    return page(`http://${this.controlPlaneAddress}:${controlPlaneAdminPort}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop(0)));
    await this.#directory.remove();
  }

  async #start(name: string, path: string, env: Readonly<Record<string, string>>): Promise<RunningProcess> {
    const started = await startProcess({
      name,
      entry: join(root, path),
      // Code that has been compiled once: a start takes half the time.
      env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/tulle-tests'), ...env },
    });
    this.#processes.push(started);
    return started;
  }

  #tokenFile(name: string): string {
    return join(this.#directory.path, `token-${name}`);
  }
}

/** A pod with a loopback address of its own. */
export function pod(name: string, serviceAccount = name): PodSpec {
  return { name, serviceAccount, address: freeLoopbackAddress() };
}

export function untilSidecarReady(sidecar: RunningProcess, { address }: PodSpec): Promise<void> {
  return sidecar.waitForReady(`http://${address}:${metricsPort}/readyz`, startTimeoutMs);
}

export function sidecarPage({ address }: PodSpec, path: string): Promise<string> {
  return page(`http://${address}:${sidecarAdminPort}${path}`);
}

export function sidecarMetrics({ address }: PodSpec): Promise<string> {
  return page(`http://${address}:${metricsPort}/metrics`);
}

/** The text of an admin page that answers 200. */
export async function page(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return text;
}
