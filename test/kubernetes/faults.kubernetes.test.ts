import { readFile } from 'node:fs/promises';
import { eventually, metricsPort, page } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { askSidecar } from './src/mesh/ask-sidecar.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type LocalPod, startLocalPod } from './src/mesh/local-pod.ts';
import { meshNamespace } from './src/mesh/manifests.ts';
import { httpRoute, peerAuthentication, service } from './src/mesh/resources.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

const namespace = 'shop';

describeCluster('own-api-server', 'nothing is lost', () => {
  let cluster: ApiServerCluster;
  let mesh: InstalledMesh;
  const controlPlanes = new Map<string, LocalProgram>();
  let injector: LocalProgram;
  let client: LocalPod;

  const answers = async (...paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => (await askSidecar(client.address, 'server', path)).status));
  const route = (path: string) => cluster.kubectl.apply([httpRoute('server', namespace, path)]);
  /** The route lets `path` through, to a service without endpoints, and nothing else. */
  const expectRoute = async (path: string) => expect(await answers(path, '/elsewhere')).toEqual([503, 404]);
  const identity = async () => (await client.dump()).identity;
  const leader = async () =>
    (await cluster.kubectl.get('lease/tulle-control-plane', meshNamespace)).spec.holderIdentity as string;
  const acceptedOf = async (policy: string) => {
    const { status } = await cluster.kubectl.get(`peerauthentication/${policy}`, namespace);
    return status?.conditions?.find(({ type }: { type: string }) => type === 'Accepted')?.status;
  };
  const startControlPlane = async (replica: string, address?: string) => {
    controlPlanes.set(replica, await mesh.startControlPlane(replica, address));
    return controlPlanes.get(replica)!;
  };
  const kill = async ({ process }: LocalProgram) => {
    process.kill('SIGKILL');
    await process.waitForExit();
  };

  beforeAll(async () => {
    cluster = await startApiServer();
    const crd = await readFile(new URL('data/httproute-crd.yaml', import.meta.url), 'utf8');
    await cluster.kubectl.apply(crd, '--server-side');
    mesh = await InstalledMesh.install(cluster);
    const programs = await Promise.all([startControlPlane('replica-0'), mesh.startInjector()]);
    const [controlPlane] = programs;
    [, injector] = programs;
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    await cluster.kubectl.apply([service('server', namespace)]);
    client = await startLocalPod(mesh, controlPlane, { namespace, name: 'client' });
    await route('/first');
    await eventually(() => expectRoute('/first'), clusterPace);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('when the control plane is killed: sidecars go on, and what changed meanwhile is in force once it is back', async () => {
    const before = await identity();
    expect(before.serialNumber).toMatch(/^[0-9A-F]+$/);
    const { address } = controlPlanes.get('replica-0')!;
    await kill(controlPlanes.get('replica-0')!);
    await route('/while-down');
    await expectRoute('/first');
    await startControlPlane('replica-0', address);
    await eventually(() => expectRoute('/while-down'), clusterPace);
    expect((await identity()).serialNumber).toBe(before.serialNumber);
  });

  it('when the API server is killed: the mesh goes on as it was, and takes changes up again once it is back', async () => {
    await cluster.killApiServer();
    const controlPlane = controlPlanes.get('replica-0')!;
    await eventually(async () => {
      const retrying = /^tulle_\w*reflector\w*\{[^}]*retrying[^}]*\} [1-9]/m;
      expect(await controlPlane.page('/metrics')).toMatch(retrying);
    }, clusterPace);
    await expectRoute('/while-down');
    expect(controlPlane.process.exit).toBeNull();
    await cluster.startApiServer();
    await route('/after-outage');
    await eventually(() => expectRoute('/after-outage'), clusterPace);
    expect(await page(`http://${client.address}:${metricsPort}/readyz`)).toBeDefined();
  });

  it('when the leader is killed: another replica writes statuses within the life of its lease', async () => {
    await startControlPlane('replica-1');
    const held = await eventually(async () => {
      const holder = await leader();
      expect([...controlPlanes.keys()]).toContain(holder);
      return holder;
    }, clusterPace);
    await kill(controlPlanes.get(held)!);
    await cluster.kubectl.apply([peerAuthentication('late', namespace, 'STRICT')]);
    await eventually(async () => expect(await acceptedOf('late')).toBe('True'), {
      ...clusterPace,
      timeoutMs: 60_000,
    });
    expect(await leader()).not.toBe(held);
  });

  it('when the injector is killed: no pod of the mesh is made without its sidecar, and all others are', async () => {
    await kill(injector);
    await mesh.createNamespace('plain');
    const create = (name: string, inNamespace: string) =>
      cluster.kubectl.run(['run', name, '--image=app', '-n', inNamespace]);
    expect(await create('outside', 'plain')).toMatchObject({ code: 0 });
    const refused = await create('inside', namespace);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('inject.tulle.dev') });
    await mesh.startInjector();
    await eventually(
      async () => expect(await create('inside', namespace)).toMatchObject({ code: 0 }),
      clusterPace,
    );
    const { spec } = await cluster.kubectl.get('pod/inside', namespace);
    expect(spec.initContainers.map(({ name }: { name: string }) => name)).toContain('tulle-sidecar');
  });
});
