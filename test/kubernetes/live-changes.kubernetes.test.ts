import { readFile } from 'node:fs/promises';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { type ChangeTime, measureChange, medianMs } from './src/measure-change.ts';
import { askSidecar } from './src/mesh/ask-sidecar.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type LocalPod, startLocalPod } from './src/mesh/local-pod.ts';
import { httpRoute, meshConfig, peerAuthentication, service } from './src/mesh/resources.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

/** What operators are promised. */
const inForceMs = 500;
const namespace = 'shop';

describeCluster('api-server', 'what kubectl applies', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let controlPlane: LocalProgram;
  let client: LocalPod;

  const workload = async () => (await client.dump()).inbound.workload;
  const answerOf = async (path: string) => (await askSidecar(client.address, 'server', path)).status;
  const expectInTime = (what: string, times: readonly ChangeTime[]) => {
    const [applied, start] = [medianMs(times, 'sinceAppliedMs'), medianMs(times, 'sinceStartMs')];
    console.info(
      `${what}: at the sidecar ${applied.toFixed(0)} ms after kubectl's end, ${start.toFixed(0)} ms after its start`,
    );
    expect(applied).toBeLessThan(inForceMs);
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
    [controlPlane] = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    await cluster.kubectl.apply([service('server', namespace)]);
    client = await startLocalPod(mesh, controlPlane, { namespace, name: 'client' });
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('of a kind that came after the control plane is taken up: routes', async () => {
    expect(await answerOf('/a')).toBe(503);
    const crd = await readFile(new URL('data/httproute-crd.yaml', import.meta.url), 'utf8');
    await cluster.kubectl.apply(crd, '--server-side');
    await cluster.kubectl.must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await cluster.kubectl.apply([httpRoute('server', namespace, '/other')]);
    await eventually(async () => expect(await answerOf('/a')).toBe(404), clusterPace);
  });

  it('is in force at a sidecar at once: an HTTPRoute', async () => {
    const times: ChangeTime[] = [];
    for (const path of ['/a', '/b', '/a', '/b', '/a']) {
      const other = path === '/a' ? '/b' : '/a';
      const seen = async () => expect([await answerOf(path), await answerOf(other)]).toEqual([503, 404]);
      times.push(await measureChange(cluster.kubectl, [httpRoute('server', namespace, path)], seen));
    }
    expectInTime('an HTTPRoute', times);
  });

  it('is in force at a sidecar at once: a PeerAuthentication', async () => {
    const times: ChangeTime[] = [];
    for (const mode of ['STRICT', 'DISABLE', 'STRICT', 'DISABLE', 'STRICT'] as const) {
      const rule = { mode: mode.toLowerCase(), policy: `${namespace}/all` };
      const seen = async () => expect((await workload()).defaultMtls).toEqual(rule);
      times.push(await measureChange(cluster.kubectl, [peerAuthentication('all', namespace, mode)], seen));
    }
    expectInTime('a PeerAuthentication', times);
  });

  it('is in force at a sidecar at once: the MeshConfig', async () => {
    const times: ChangeTime[] = [];
    for (const answer of ['Refuse', 'Allow', 'Refuse', 'Allow', 'Refuse'] as const) {
      const seen = async () =>
        expect((await workload()).outbound.unknownDestinations).toBe(answer.toLowerCase());
      times.push(await measureChange(cluster.kubectl, [meshConfig(answer)], seen));
    }
    expectInTime('the MeshConfig', times);
  });
});
