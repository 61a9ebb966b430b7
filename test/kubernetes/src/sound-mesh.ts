import { eventually } from '@tulle/testkit';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPace } from './kubectl.ts';
import type { InstalledMesh, LocalProgram } from './mesh/installed-mesh.ts';
import { type Manifest, meshNamespace } from './mesh/manifests.ts';

const replica = 'control-plane-0';

/** A mesh whose programs run, and what it takes to harm it and to make it whole again. */
export class SoundMesh {
  readonly mesh: InstalledMesh;
  /** A namespace that is injected. */
  readonly namespace: string;
  readonly injector: LocalProgram;
  #controlPlane: LocalProgram;
  #roots = '';

  private constructor(
    mesh: InstalledMesh,
    parts: { readonly namespace: string; readonly programs: readonly [LocalProgram, LocalProgram] },
  ) {
    this.mesh = mesh;
    this.namespace = parts.namespace;
    [this.#controlPlane, this.injector] = parts.programs;
  }

  static async start(mesh: InstalledMesh, namespace: string): Promise<SoundMesh> {
    const programs = await Promise.all([mesh.startControlPlane(replica), mesh.startInjector()]);
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    return new SoundMesh(mesh, { namespace, programs });
  }

  get cluster(): Cluster {
    return this.mesh.cluster;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.mesh.kubectl.must(args);
  }

  /** In the namespace of the mesh. */
  own(...args: readonly string[]): Promise<string> {
    return this.kubectl('-n', meshNamespace, ...args);
  }

  apply(...objects: readonly object[]): Promise<void> {
    return this.mesh.kubectl.apply(objects, '--server-side', '--force-conflicts');
  }

  /** As it was installed. */
  reapply(kind: string, name: string): Promise<void> {
    const isIt = (object: Manifest) => object.kind === kind && object.metadata.name === name;
    return this.apply(this.mesh.manifests.find(isIt)!);
  }

  createPod(name: string, namespace: string): Promise<void> {
    const spec = { containers: [{ name: 'app', image: 'app' }] };
    return this.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec });
  }

  deletePod(name: string, namespace: string): Promise<string> {
    return this.kubectl('delete', 'pod', name, '-n', namespace, '--force', '--grace-period=0');
  }

  /** Until its status says that it does not hold. */
  async untilRefused(policy: string): Promise<void> {
    await eventually(async () => {
      const { status } = await this.mesh.kubectl.get(`peerauthentication/${policy}`, this.namespace);
      if (status?.conditions?.[0]?.status !== 'False') throw new Error(`${policy} is not refused yet`);
    }, clusterPace);
  }

  /** In order, so that it gives the lead away. */
  async stopControlPlane(): Promise<void> {
    await this.#controlPlane.process.stop(10_000);
  }

  async startControlPlane(): Promise<void> {
    this.#controlPlane = await this.mesh.startControlPlane(replica, this.#controlPlane.address);
  }

  async killPrograms(): Promise<void> {
    for (const { process } of [this.#controlPlane, this.injector]) {
      process.kill('SIGKILL');
      await process.waitForExit();
    }
  }

  /** Sidecars are given the roots of another authority. */
  async exchangeRoots(): Promise<void> {
    this.#roots = (await this.mesh.kubectl.get('configmap/tulle-trust', meshNamespace)).data['root.pem'];
    const other = await this.mesh.kubectl.get('secret/tulle-injector-certificate', meshNamespace);
    await this.#trust(Buffer.from(other.data['ca.crt'], 'base64').toString());
  }

  restoreRoots(): Promise<string> {
    return this.#trust(this.#roots);
  }

  askInjectorAt(port: number): Promise<string> {
    const path = (index: number) => `/webhooks/${index}/clientConfig/service/port`;
    const patch = [0, 1].map((index) => ({ op: 'replace', path: path(index), value: port }));
    const what = ['patch', 'mutatingwebhookconfiguration', 'tulle-injector', '--type=json'];
    return this.kubectl(...what, '-p', JSON.stringify(patch));
  }

  #trust(pem: string): Promise<string> {
    const patch = JSON.stringify({ data: { 'root.pem': pem } });
    return this.own('patch', 'configmap', 'tulle-trust', '--type=merge', '-p', patch);
  }
}
