import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { meshNamespace, tulle } from './src/mesh/manifests.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

/** What a cluster writes by itself at any time. */
const ephemeral = /^(events|events\.events\.k8s\.io|endpoints|.*\.metrics\.k8s\.io)$/;

describeCluster('own-api-server', 'tulle uninstall', () => {
  let cluster: ApiServerCluster;
  let mesh: InstalledMesh;
  let programs: readonly LocalProgram[];
  let before: readonly string[];

  /** Every object of the cluster, by kind and name. */
  async function everything(): Promise<readonly string[]> {
    const kinds = (await cluster.kubectl.must(['api-resources', '--verbs=list', '-o', 'name']))
      .trim()
      .split('\n');
    const lists = kinds
      .filter((kind) => !ephemeral.test(kind))
      .map(async (kind) => {
        const columns = 'custom-columns=:.metadata.namespace,:.metadata.name';
        const text = await cluster.kubectl.must(['get', kind, '-A', '-o', columns, '--no-headers']);
        return text
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((line) => `${kind} ${line.trim().split(/ +/).join('/')}`);
      });
    return (await Promise.all(lists)).flat().sort();
  }

  const own = async (what: string) =>
    (await cluster.kubectl.run(['get', what, '-n', meshNamespace])).code === 0;

  async function uninstall(...args: string[]): Promise<void> {
    const text = await tulle(['uninstall', ...args]);
    await cluster.kubectl.must(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], text);
  }

  beforeAll(async () => {
    cluster = await startApiServer();
    await eventually(
      () =>
        cluster.kubectl.get('serviceaccount/default', 'default').catch((thrown) => {
          if (cluster.hasControllers) throw thrown;
        }),
      clusterPace,
    );
    before = await everything();
    mesh = await InstalledMesh.install(cluster);
    programs = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await cluster.kubectl.apply([
      {
        apiVersion: 'tulle.dev/v1alpha1',
        kind: 'MeshConfig',
        metadata: { name: 'default' },
        spec: { mtls: { mode: 'PERMISSIVE' } },
      },
    ]);
    for (const made of [
      'secret/tulle-authority',
      'secret/tulle-injector-certificate',
      'configmap/tulle-trust',
    ]) {
      await eventually(async () => expect(await own(made)).toBe(true), clusterPace);
    }
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('keeps what operators wrote, and the authority, unless it is told otherwise', async () => {
    await Promise.all(programs.map(({ process }) => process.stop(10_000)));
    await uninstall();
    expect(await own('secret/tulle-authority')).toBe(true);
    expect((await cluster.kubectl.get('meshconfig/default')).spec).toEqual({ mtls: { mode: 'PERMISSIVE' } });
    for (const made of [
      'secret/tulle-injector-certificate',
      'configmap/tulle-trust',
      'lease/tulle-control-plane',
    ])
      expect(await own(made)).toBe(false);
  });

  it('purged, leaves no trace', async () => {
    await uninstall('--purge');
    // Nobody ends a namespace where there are no controllers.
    const expected = cluster.hasControllers ? before : null;
    await eventually(async () => {
      const after = await everything();
      const left = after.filter((key) => !before.includes(key));
      if (expected !== null) expect(left).toEqual([]);
      else expect(left.filter((key) => !/namespaces|tulle-system\//.test(key))).toEqual([]);
    }, clusterPace);
  });
});
