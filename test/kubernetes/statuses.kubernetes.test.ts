import { readFile } from 'node:fs/promises';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace, type KubernetesObject } from './src/kubectl.ts';
import { askSidecar } from './src/mesh/ask-sidecar.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { startLocalPod } from './src/mesh/local-pod.ts';
import { tulle } from './src/mesh/manifests.ts';
import { httpRoute, meshConfig, peerAuthentication } from './src/mesh/resources.ts';
import { refusedRoute, refusedRoutes, routeServices } from './src/refused-routes.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

const namespace = 'shop';
const controllerName = 'tulle.dev/mesh-controller';

describeCluster('api-server', 'what the status of a resource says', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let controlPlane: LocalProgram;

  const parentsOf = async (route: string): Promise<{ controllerName: string; conditions: Condition[] }[]> =>
    (await cluster.kubectl.get(`httproute/${route}`, namespace)).status?.parents ?? [];
  const conditionsOf = ({ metadata, status }: KubernetesObject): Record<string, Condition> => {
    const conditions = (status?.conditions ?? []) as Condition[];
    for (const { observedGeneration } of conditions) expect(observedGeneration).toBe(metadata.generation);
    return Object.fromEntries(conditions.map((condition) => [condition.type, condition]));
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    const crd = await readFile(new URL('data/httproute-crd.yaml', import.meta.url), 'utf8');
    await cluster.kubectl.apply(crd, '--server-side');
    mesh = await InstalledMesh.install(cluster);
    [controlPlane] = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    await cluster.kubectl.apply(routeServices);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
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
    const conditionOf = async ({ name, type }: (typeof refusedRoutes)[number]) =>
      (await parentsOf(name))[0]?.conditions.find((condition) => condition.type === type);
    for (const route of refusedRoutes) {
      const expected = {
        status: 'False',
        reason: route.reason,
        message: expect.stringContaining(route.message),
      };
      const seen = async () =>
        expect([route.name, await conditionOf(route)]).toMatchObject([route.name, expected]);
      await eventually(seen, clusterPace);
    }
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
