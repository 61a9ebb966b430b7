import { readFile } from 'node:fs/promises';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace, type KubernetesObject } from './src/kubectl.ts';
import { askSidecar } from './src/mesh/ask-sidecar.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type LocalPod, startLocalPod } from './src/mesh/local-pod.ts';
import { tulle } from './src/mesh/manifests.ts';
import { httpRoute, meshConfig, peerAuthentication, service } from './src/mesh/resources.ts';
import { refusedRoute, refusedRoutes, routeServices } from './src/refused-routes.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

const controllerName = 'tulle.dev/mesh-controller';
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

describeCluster('api-server', 'statuses', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let controlPlane: LocalProgram;

  beforeAll(async () => {
    cluster = await openApiServer();
    const crd = await readFile(new URL('data/httproute-crd.yaml', import.meta.url), 'utf8');
    await cluster.kubectl.apply(crd, '--server-side');
    mesh = await InstalledMesh.install(cluster);
    [controlPlane] = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  describe('are written', () => {
    const namespace = 'written';
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
      await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
      await cluster.kubectl.apply([
        service('server', namespace),
        httpRoute('server', namespace, '/'),
        meshConfig('Allow'),
      ]);
      pod = await startLocalPod(mesh, controlPlane, { namespace, name: 'client' });
    });

    // Workloads of the whole mesh are counted.
    afterAll(async () => {
      await pod?.sidecar.stop();
      const pods = ['delete', 'pod', '--all', '-n', namespace, '--force', '--grace-period=0'];
      await cluster.kubectl.must(pods);
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
      await eventually(async () => expect(await parents()).toMatchObject([{ controllerName }]), clusterPace);
      const [own] = await parents();
      await patchRoute({ status: { parents: [foreign, own] } }, '--subresource=status');
      await patchRoute({ spec: { parentRefs: [{ group: '', kind: 'Service', name: 'nowhere', port: 80 }] } });
      await eventually(async () => {
        const entries = await parents();
        expect(entries).toMatchObject([foreign, { controllerName, parentRef: { name: 'nowhere' } }]);
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
        const labels = { app: name, 'tulle.dev/inject': 'disabled' };
        const spec = { containers: [{ name: 'app', image: 'app' }] };
        await cluster.kubectl.apply([
          service(name, namespace),
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

  describe('say of a resource', () => {
    const namespace = 'shop';
    const parentsOf = async (route: string): Promise<{ controllerName: string; conditions: Condition[] }[]> =>
      (await cluster.kubectl.get(`httproute/${route}`, namespace)).status?.parents ?? [];
    const conditionsOf = ({ metadata, status }: KubernetesObject): Record<string, Condition> => {
      const conditions = (status?.conditions ?? []) as Condition[];
      for (const { observedGeneration } of conditions) expect(observedGeneration).toBe(metadata.generation);
      return Object.fromEntries(conditions.map((condition) => [condition.type, condition]));
    };

    beforeAll(async () => {
      await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
      await cluster.kubectl.apply(routeServices);
    });

    it('that a route is accepted, and that every proxy has it', async () => {
      const { address } = await startLocalPod(mesh, controlPlane, { namespace, name: 'client' });
      // Only proxies that use the service take part.
      expect((await askSidecar(address, 'server')).status).toBe(503);
      await cluster.kubectl.apply([httpRoute('server', namespace, '/')]);
      const seen = async () => {
        const [parent, ...more] = await parentsOf('server');
        expect(more).toEqual([]);
        expect(parent).toMatchObject({ controllerName });
        expect(parent!.conditions.map(({ type, status, message }) => [type, status, message])).toEqual([
          ['Accepted', 'True', ''],
          ['ResolvedRefs', 'True', ''],
          ['tulle.dev/Programmed', 'True', 'in force on 1 of 1 proxy'],
        ]);
      };
      await eventually(seen, clusterPace);
    });

    it('what of a route cannot be in force, and where it stands', async () => {
      await cluster.kubectl.apply(refusedRoutes.map(refusedRoute));
      await eventually(async () => {
        const routes = await cluster.kubectl.list('httproutes', namespace);
        for (const { name, type, reason, message } of refusedRoutes) {
          const parents = routes.find(({ metadata }) => metadata.name === name)?.status?.parents;
          const found = parents?.[0]?.conditions.find((condition: Condition) => condition.type === type);
          const expected = { status: 'False', reason, message: expect.stringContaining(message) };
          expect([name, found]).toMatchObject([name, expected]);
        }
      }, clusterPace);
      expect(refusedRoutes.length).toBeGreaterThanOrEqual(20);
    });

    it('which of two policies holds', async () => {
      await cluster.kubectl.apply([peerAuthentication('first', namespace, 'STRICT')]);
      await eventually(async () => {
        const { Accepted } = conditionsOf(await cluster.kubectl.get('peerauthentication/first', namespace));
        expect(Accepted).toMatchObject({ status: 'True', reason: 'Accepted' });
      }, clusterPace);
      await cluster.kubectl.apply([peerAuthentication('second', namespace, 'DISABLE')]);
      await eventually(async () => {
        const { Accepted } = conditionsOf(await cluster.kubectl.get('peerauthentication/second', namespace));
        expect(Accepted).toMatchObject({ status: 'False', reason: 'Conflicted' });
        expect(Accepted!.message).toContain('shop/first');
      }, clusterPace);
    });

    it('that the MeshConfig is in force, and is not written again while nothing changes', async () => {
      await cluster.kubectl.apply([meshConfig('Refuse')]);
      const read = () => cluster.kubectl.get('meshconfig/default');
      await eventually(async () => {
        const { Accepted, Programmed } = conditionsOf(await read());
        expect(Accepted).toMatchObject({ status: 'True' });
        expect(Programmed).toMatchObject({ status: 'True', message: 'in force on 1 of 1 proxy' });
      }, clusterPace);
      const { resourceVersion } = (await read()).metadata;
      await cluster.kubectl.apply([httpRoute('another', namespace, '/'), refusedRoute(refusedRoutes[0]!)]);
      await eventually(async () => expect(await parentsOf('another')).toHaveLength(1), clusterPace);
      expect((await read()).metadata.resourceVersion).toBe(resourceVersion);
    });

    it('in an Event too, what went wrong', async () => {
      await eventually(async () => {
        const events = await cluster.kubectl.list('events.events.k8s.io', namespace);
        const warned = events.filter(({ type }) => type === 'Warning').map(({ regarding }) => regarding.name);
        expect(warned).toEqual(expect.arrayContaining(['unknown-service', 'second']));
      }, clusterPace);
    });

    it('nothing any more, once the mesh is gone and has been taken out of it', async () => {
      expect(await parentsOf('server')).toHaveLength(1);
      await controlPlane.process.stop();
      const { kubeconfig } = cluster.kubectl;
      await tulle(['uninstall', '--route-statuses'], { kubeconfig });
      const routes = await cluster.kubectl.list('httproutes', namespace);
      expect(routes.length).toBeGreaterThan(20);
      for (const { metadata, status } of routes)
        expect([metadata.name, status?.parents ?? []]).toEqual([metadata.name, []]);
    });
  });
});
