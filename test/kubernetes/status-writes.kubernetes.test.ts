import { readFile } from 'node:fs/promises';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type LocalPod, startLocalPod } from './src/mesh/local-pod.ts';
import { httpRoute, meshConfig, peerAuthentication, service } from './src/mesh/resources.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

const namespace = 'shop';
const ours = 'tulle.dev/mesh-controller';
const foreign = {
  controllerName: 'example.com/other',
  parentRef: { group: '', kind: 'Service', name: 'other' },
  conditions: [
    {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};

describeCluster('api-server', 'statuses are written', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let controlPlane: LocalProgram;
  let pod: LocalPod;

  const programmed = async () => {
    const { metadata, status } = await cluster.kubectl.get('peerauthentication/mode', namespace);
    const condition = status?.conditions?.find(({ type }: { type: string }) => type === 'Programmed');
    return { ...condition, isCurrent: condition?.observedGeneration === metadata.generation };
  };
  const untilProgrammed = (expected: object) =>
    eventually(
      async () => expect(await programmed()).toMatchObject({ isCurrent: true, ...expected }),
      clusterPace,
    );
  const parents = async () =>
    ((await cluster.kubectl.get('httproute/server', namespace)).status?.parents ?? []) as {
      controllerName: string;
    }[];
  const patchRoute = (patch: object, ...args: readonly string[]) =>
    cluster.kubectl.must([
      ...['patch', 'httproute', 'server', '-n', namespace, '--type=merge', '-p', JSON.stringify(patch)],
      ...args,
    ]);
  const versions = async () => {
    const objects = ['httproutes -A', 'peerauthentications -A', 'meshconfigs'].map((what) =>
      cluster.kubectl.list(what),
    );
    return (await Promise.all(objects))
      .flat()
      .map(({ kind, metadata }) => [kind, metadata.name, metadata.resourceVersion]);
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    const crd = await readFile(new URL('data/httproute-crd.yaml', import.meta.url), 'utf8');
    await cluster.kubectl.apply(crd, '--server-side');
    mesh = await InstalledMesh.install(cluster);
    [controlPlane] = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    await cluster.kubectl.apply([
      service('server', namespace),
      httpRoute('server', namespace, '/'),
      meshConfig('Allow'),
    ]);
    pod = await startLocalPod(mesh, controlPlane, { namespace, name: 'client' });
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('with the number of proxies that took it, and of those that have not yet', async () => {
    await cluster.kubectl.apply([peerAuthentication('mode', namespace, 'PERMISSIVE')]);
    const message = 'in force on 1 of 1 proxy';
    await untilProgrammed({ status: 'True', reason: 'Programmed', message });
    pod.sidecar.kill('SIGSTOP');
    try {
      await cluster.kubectl.apply([peerAuthentication('mode', namespace, 'STRICT')]);
      await untilProgrammed({ status: 'False', reason: 'Pending', message: 'in force on 0 of 1 proxy' });
    } finally {
      pod.sidecar.kill('SIGCONT');
    }
    await untilProgrammed({ status: 'True', reason: 'Programmed', message });
  });

  it("beside others' entries, and taken away with the parent", async () => {
    await eventually(
      async () => expect(await parents()).toMatchObject([{ controllerName: ours }]),
      clusterPace,
    );
    const [own] = await parents();
    await patchRoute({ status: { parents: [foreign, own] } }, '--subresource=status');
    await patchRoute({ spec: { parentRefs: [{ group: '', kind: 'Service', name: 'nowhere', port: 80 }] } });
    await eventually(async () => {
      const entries = await parents();
      expect(entries).toMatchObject([foreign, { controllerName: ours, parentRef: { name: 'nowhere' } }]);
      expect(entries[1]).toMatchObject({
        conditions: [{ type: 'Accepted', reason: 'NoMatchingParent' }, {}, {}],
      });
    }, clusterPace);
    await patchRoute({ spec: { parentRefs: [{ name: 'some-gateway' }] } });
    await eventually(async () => expect(await parents()).toEqual([foreign]), clusterPace);
  });

  it('again where somebody has taken them away', async () => {
    const without = JSON.stringify({ status: { conditions: [] } });
    const args = ['--type=merge', '--subresource=status', '-p', without];
    await cluster.kubectl.must(['patch', 'peerauthentication', 'mode', '-n', namespace, ...args]);
    await untilProgrammed({ status: 'True' });
  });

  it('with an Event where something got worse', async () => {
    await cluster.kubectl.apply([peerAuthentication('later', namespace, 'DISABLE')]);
    await eventually(async () => {
      const events = await cluster.kubectl.list('events.events.k8s.io', namespace);
      const told = events.map(({ type, reason, regarding }) => [
        type,
        reason,
        regarding.kind,
        regarding.name,
      ]);
      expect(told).toContainEqual(['Warning', 'Conflicted', 'PeerAuthentication', 'later']);
    }, clusterPace);
  });

  it('not at all while nothing that they say changes, whatever else does', async () => {
    const before = await eventually(async () => {
      expect(await programmed()).toMatchObject({ status: 'True', isCurrent: true });
      return await versions();
    }, clusterPace);
    for (const name of ['one', 'two', 'three']) {
      await cluster.kubectl.apply([service(name, namespace)]);
      const labels = { app: name, 'tulle.dev/inject': 'disabled' };
      const spec = { containers: [{ name: 'app', image: 'app' }] };
      await cluster.kubectl.apply([
        { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec },
      ]);
    }
    // Seen after all of it: once it has its status, what else there was to write is written.
    await cluster.kubectl.apply([httpRoute('last', namespace, '/')]);
    await eventually(async () => {
      expect((await cluster.kubectl.get('httproute/last', namespace)).status?.parents).toHaveLength(1);
    }, clusterPace);
    const after = (await versions()).filter(([, name]) => name !== 'last');
    expect(after).toEqual(before);
  });
});
