import { readFile } from 'node:fs/promises';
import { eventually, metricsPort, page } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { type ChangeTime, measureChange, medianMs } from './src/measure-change.ts';
import { askSidecar } from './src/mesh/ask-sidecar.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type LocalPod, startLocalPod } from './src/mesh/local-pod.ts';
import { meshNamespace } from './src/mesh/manifests.ts';
import { httpRoute, meshConfig, peerAuthentication, service } from './src/mesh/resources.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

/** What operators are promised. */
const inForceMs = 500;
const namespace = 'shop';

/** In the order of a mesh's life: what is applied is in force, and stays so whoever is killed. */
describeCluster('own-api-server', 'what kubectl applies', () => {
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
    mesh = await InstalledMesh.install(cluster);
    const programs = await Promise.all([startControlPlane('replica-0'), mesh.startInjector()]);
    const [controlPlane] = programs;
    [, injector] = programs;
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    await cluster.kubectl.apply([service('server', namespace)]);
    client = await startLocalPod(mesh, controlPlane, { namespace, name: 'client' });
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  describe('is in force', () => {
    const workload = async () => (await client.dump()).inbound.workload;
    const expectInTime = (what: string, times: readonly ChangeTime[]) => {
      const [applied, start] = [medianMs(times, 'sinceAppliedMs'), medianMs(times, 'sinceStartMs')];
      console.info(
        `${what}: at the sidecar ${applied.toFixed(0)} ms after kubectl's end, ${start.toFixed(0)} ms after its start`,
      );
      expect(applied).toBeLessThan(inForceMs);
    };

    it('though its kind came after the control plane: routes', async () => {
      expect(await answers('/a')).toEqual([503]);
      const crd = await readFile(new URL('data/httproute-crd.yaml', import.meta.url), 'utf8');
      await cluster.kubectl.apply(crd, '--server-side');
      await cluster.kubectl.must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
      await cluster.kubectl.apply([httpRoute('server', namespace, '/other')]);
      await eventually(async () => expect(await answers('/a')).toEqual([404]), clusterPace);
    });

    it('at a sidecar at once: an HTTPRoute', async () => {
      const times: ChangeTime[] = [];
      for (const path of ['/a', '/b', '/a', '/b', '/a']) {
        const other = path === '/a' ? '/b' : '/a';
        const seen = async () => expect(await answers(path, other)).toEqual([503, 404]);
        times.push(await measureChange(cluster.kubectl, [httpRoute('server', namespace, path)], seen));
      }
      expectInTime('an HTTPRoute', times);
    });

    it('at a sidecar at once: a PeerAuthentication', async () => {
      const times: ChangeTime[] = [];
      for (const mode of ['STRICT', 'DISABLE', 'STRICT', 'DISABLE', 'STRICT'] as const) {
        const rule = { mode: mode.toLowerCase(), policy: `${namespace}/all` };
        const seen = async () => expect((await workload()).defaultMtls).toEqual(rule);
        times.push(await measureChange(cluster.kubectl, [peerAuthentication('all', namespace, mode)], seen));
      }
      expectInTime('a PeerAuthentication', times);
    });

    it('at a sidecar at once: the MeshConfig', async () => {
      const times: ChangeTime[] = [];
      for (const answer of ['Refuse', 'Allow', 'Refuse', 'Allow', 'Refuse'] as const) {
        const seen = async () =>
          expect((await workload()).outbound.unknownDestinations).toBe(answer.toLowerCase());
        times.push(await measureChange(cluster.kubectl, [meshConfig(answer)], seen));
      }
      expectInTime('the MeshConfig', times);
    });
  });

  describe('is not lost', () => {
    beforeAll(async () => {
      // Of two policies the older one would hold.
      await cluster.kubectl.delete('peerauthentication/all', namespace);
      await route('/first');
      await eventually(() => expectRoute('/first'), clusterPace);
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
});
