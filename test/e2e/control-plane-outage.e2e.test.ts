import {
  eventually,
  Mesh,
  type MeshSpec,
  metricSum,
  metricsPort,
  pod,
  type RunningProcess,
  sidecarMetrics,
  untilSidecarReady,
} from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from './src/application.ts';
import { send, startLoad } from './src/client.ts';

const client = pod('client');
const one = pod('server-one', 'server');
const two = pod('server-two', 'server');
const late = pod('late');
const spec: MeshSpec = {
  pods: [client, one, two, late],
  services: { server: ['server-one'], other: ['server-two'] },
};

describe('a control plane that goes away', () => {
  let mesh: Mesh;
  let controlPlane: RunningProcess;
  const applications: Application[] = [];
  const isConnected = async (expected: number) => {
    for (const each of [client, one, two])
      expect(metricSum(await sidecarMetrics(each), 'tulle_discovery_connected')).toBe(expected);
  };

  beforeAll(async () => {
    mesh = await Mesh.create({ pods: spec.pods });
    await mesh.apply(spec);
    controlPlane = await mesh.startControlPlane();
    for (const { name, address } of [one, two]) applications.push(await startApplication(name, address));
    await mesh.startSidecars(client, one, two);
  });

  afterAll(async () => {
    for (const application of applications) await application.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('loses no request when it is killed and comes back; sidecars take only what has changed', async () => {
    const load = startLoad({ via: client.address, host: 'server', perSecond: 150 });
    await load.more(30);
    controlPlane.kill('SIGKILL');
    await controlPlane.waitForExit();
    await eventually(() => isConnected(0), { timeoutMs: 15_000 });
    await load.more(50);

    controlPlane = await mesh.startControlPlane();
    await eventually(() => isConnected(1), { timeoutMs: 30_000 });
    // The process is new, and so are its counters: they count what was sent after the reconnect.
    const sent = async () =>
      metricSum(await mesh.controlPlanePage('/metrics'), 'tulle_discovery_resources_sent_total');
    const asked = async () =>
      metricSum(await mesh.controlPlanePage('/metrics'), 'tulle_discovery_requests_total');
    await eventually(async () => expect(await asked()).toBeGreaterThanOrEqual(3));
    await load.more(50);
    expect(await sent()).toBe(0);

    await mesh.apply({ ...spec, services: { ...spec.services, server: ['server-two'] } });
    await eventually(async () => {
      const sinceMs = performance.now();
      await load.more(10);
      expect(load.countsSince(sinceMs)).toEqual({ 'server-two': expect.any(Number) });
    });
    // The endpoints of one port for the one sidecar that uses them; of the workloads', those two that changed.
    expect(await sent()).toBeGreaterThan(0);
    expect(await sent()).toBeLessThanOrEqual(3);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('may be down when a sidecar starts, which becomes ready on its return', async () => {
    controlPlane.kill('SIGKILL');
    await controlPlane.waitForExit();
    const sidecar = await mesh.launchSidecar(late);
    await eventually(
      async () => {
        const answer = await fetch(`http://${late.address}:${metricsPort}/readyz`);
        expect(answer.status).toBe(503);
        expect(await answer.text()).toContain('certificate');
      },
      { timeoutMs: 20_000 },
    );
    controlPlane = await mesh.startControlPlane();
    await untilSidecarReady(sidecar, late);
    expect((await send({ via: late.address, host: 'other' })).status).toBe(200);
  });
});
