import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EndpointSpec,
  eventually,
  Mesh,
  type MeshSpec,
  metricSum,
  type PodSpec,
  pod,
  type RunningProcess,
  sidecarMetrics,
  startProcess,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSidecarReady,
} from '@tulle/testkit';

/** A pod with its two processes. */
export interface RunningPod {
  readonly pod: PodSpec;
  application: RunningProcess;
  sidecar: RunningProcess;
}

/** The service under load. */
export const service = 'server';
/** Another that a route may lead to. */
const otherService = 'other';

/**
 * One client pod and some server pods on loopback, and what an endpoint controller would say of the latter.
 * Names that are not in use yet are known to the control plane from the start, since it reads tokens once.
 */
export class FaultCluster implements AsyncDisposable {
  readonly client = pod('client');
  readonly mesh: Mesh;
  clientSidecar!: RunningProcess;
  controlPlane!: RunningProcess;
  readonly #directory: TemporaryDirectory;
  readonly #spare: PodSpec[];
  readonly #pods: readonly PodSpec[];
  readonly #applications: RunningProcess[] = [];
  readonly #sidecars: RunningProcess[] = [];
  readonly #endpoints = new Map<string, EndpointSpec>();
  readonly #otherEndpoints: string[] = [];
  #routes: MeshSpec['routes'] = {};
  #published: Promise<void> = Promise.resolve();

  private constructor(directory: TemporaryDirectory, mesh: Mesh, spare: PodSpec[], client: PodSpec) {
    this.#directory = directory;
    this.mesh = mesh;
    this.client = client;
    this.#spare = spare;
    this.#pods = [client, ...spare];
  }

  static async start(
    mostPods: number,
    controlPlaneEnv: Readonly<Record<string, string>>,
  ): Promise<FaultCluster> {
    const client = pod('client');
    const spare = Array.from({ length: mostPods }, (_, index) => pod(`server-${index + 1}`, 'server'));
    const mesh = await Mesh.create({ pods: [client, ...spare], controlPlaneEnv });
    const cluster = new FaultCluster(await temporaryDirectory('fault'), mesh, spare, client);
    try {
      await cluster.#publish();
      cluster.controlPlane = await mesh.startControlPlane();
      cluster.clientSidecar = await cluster.#launchSidecar(client);
      await untilSidecarReady(cluster.clientSidecar, client);
    } catch (thrown) {
      await cluster[Symbol.asyncDispose]();
      throw thrown;
    }
    return cluster;
  }

  /** The next pod, up and ready; its endpoints are known from the start, as not ready. */
  async startPod(): Promise<RunningPod> {
    const next = this.#spare.shift();
    if (next === undefined) throw new Error('a run may start no more pods');
    this.#endpoints.set(next.name, { pod: next.name, isReady: false, isTerminating: false });
    await this.#publish();
    const [application, sidecar] = await Promise.all([
      this.#launchApplication(next),
      this.#launchSidecar(next),
    ]);
    await untilSidecarReady(sidecar, next);
    return { pod: next, application, sidecar };
  }

  /** As kubelet does with a container that has ended. */
  async restartApplication(running: RunningPod): Promise<void> {
    running.application = await this.#launchApplication(running.pod);
  }

  async restartSidecar(running: RunningPod): Promise<void> {
    running.sidecar = await this.#launchSidecar(running.pod);
    await untilSidecarReady(running.sidecar, running.pod);
  }

  addEndpoint({ pod: { name } }: RunningPod): Promise<void> {
    this.#endpoints.set(name, { pod: name, isReady: true, isTerminating: false });
    return this.#publish();
  }

  /** Not ready any more, and terminating: what an endpoint controller says of a pod that is being deleted. */
  markTerminating({ pod: { name } }: RunningPod): Promise<void> {
    this.#endpoints.set(name, { pod: name, isReady: false, isTerminating: true });
    return this.#publish();
  }

  removeEndpoint({ pod: { name } }: RunningPod): Promise<void> {
    this.#endpoints.delete(name);
    return this.#publish();
  }

  /** Behind the other service. */
  addOtherEndpoint({ pod: { name } }: RunningPod): Promise<void> {
    this.#otherEndpoints.push(name);
    return this.#publish();
  }

  /** All traffic of the service goes to the other one. */
  async routeElsewhere(): Promise<void> {
    this.#routes = { [service]: { [service]: 0, [otherService]: 1 } };
    await this.#publish();
  }

  /** Until the client's sidecar sends there what is asked of the service. */
  async untilRoutedTo({ pod }: RunningPod): Promise<void> {
    const labels = { direction: 'inbound', code: '200' };
    const isServed = async () => {
      const served = await this.metric(pod, 'tulle_requests_total', labels);
      if (served === 0) throw new Error(`${pod.name} has served nothing`);
    };
    await eventually(isServed, { timeoutMs: 20_000, intervalMs: 50 });
  }

  async startControlPlane(): Promise<void> {
    this.controlPlane = await this.mesh.startControlPlane();
  }

  /** What a metric of a sidecar says, summed over the series that have these labels. */
  async metric(of: PodSpec, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricSum(await sidecarMetrics(of), name, labels);
  }

  /** The numbers of the orders that the applications have processed, as often as they did. */
  async processedOrders(): Promise<readonly number[]> {
    const text = await readFile(this.#ordersFile, 'utf8').catch(() => '');
    return [...text.matchAll(/^\/orders\/(\d+)$/gm)].map(([, number]) => Number(number));
  }

  /** Warnings, errors and failed requests that any sidecar has logged. */
  troubles(): readonly string[] {
    return this.#sidecars.flatMap(({ name, log }) =>
      log.filter(({ level }) => level !== 'info').map((line) => `${name}: ${JSON.stringify(line)}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#applications.map((process) => process.stop(0)));
    await this.mesh[Symbol.asyncDispose]();
    await this.#directory.remove();
  }

  get #ordersFile(): string {
    return join(this.#directory.path, 'orders');
  }

  async #launchApplication({ name, address }: PodSpec): Promise<RunningProcess> {
    const application = await startProcess({
      name: `application of ${name}`,
      entry: new URL('./application.ts', import.meta.url),
      args: [name, address, this.#ordersFile],
    });
    this.#applications.push(application);
    await application.waitForLog('listening');
    return application;
  }

  async #launchSidecar(one: PodSpec): Promise<RunningProcess> {
    const sidecar = await this.mesh.launchSidecar(one, { TULLE_ACCESS_LOG: 'errors' });
    this.#sidecars.push(sidecar);
    return sidecar;
  }

  /** One after the other: files are written in steps. */
  #publish(): Promise<void> {
    const write = () =>
      this.mesh.apply({
        pods: this.#pods,
        services: { [service]: [...this.#endpoints.values()], [otherService]: this.#otherEndpoints },
        ...(this.#routes === undefined ? {} : { routes: this.#routes }),
      });
    this.#published = this.#published.then(write);
    return this.#published;
  }
}
