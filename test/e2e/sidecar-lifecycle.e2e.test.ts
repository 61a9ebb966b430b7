import { connect } from 'node:net';
import {
  eventually,
  inboundPort,
  Mesh,
  type MeshSpec,
  metricSum,
  pod,
  type RunningProcess,
  sidecarMetrics,
} from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from './src/application.ts';
import { send, startLoad } from './src/client.ts';

const client = pod('client');
const one = pod('server-one', 'server');
const two = pod('server-two', 'server');
const spec: MeshSpec = {
  pods: [client, one, two],
  services: { server: ['server-one', 'server-two'], one: ['server-one'] },
};
/** The shortest that the control plane takes; certificates are renewed at half of it. */
const leafTtlSeconds = 10;

describe('a sidecar through its life', () => {
  let mesh: Mesh;
  let sidecarOne: RunningProcess;
  const applications: Application[] = [];

  beforeAll(async () => {
    mesh = await Mesh.create({
      pods: spec.pods,
      controlPlaneEnv: { TULLE_LEAF_TTL_SECONDS: String(leafTtlSeconds) },
    });
    await mesh.apply(spec);
    await mesh.startControlPlane();
    for (const { name, address } of [one, two]) applications.push(await startApplication(name, address));
    const sidecars = await mesh.startSidecars(client, one, two);
    sidecarOne = sidecars[1]!;
  });

  afterAll(async () => {
    for (const application of applications) await application.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('renews its certificate again and again without a failed request', async () => {
    const load = startLoad({ via: client.address, host: 'server', perSecond: 100 });
    const renewals = async () =>
      Math.min(
        ...(await Promise.all(
          spec.pods.map(async (each) =>
            metricSum(await sidecarMetrics(each), 'tulle_certificate_renewals_total'),
          ),
        )),
      );
    const before = await renewals();
    const startMs = performance.now();
    await eventually(async () => expect(await renewals()).toBeGreaterThanOrEqual(before + 2), {
      timeoutMs: leafTtlSeconds * 2_500,
      intervalMs: 200,
    });
    // Past the end of the first certificates, so that what is answered now rests on renewed ones.
    await eventually(() => expect(performance.now() - startMs).toBeGreaterThan(leafTtlSeconds * 1_000), {
      timeoutMs: leafTtlSeconds * 1_500,
    });
    await load.more(50);
    await load.stop();
    expect(load.failures).toEqual([]);
    for (const each of spec.pods)
      expect(
        metricSum(await sidecarMetrics(each), 'tulle_certificate_expiry_timestamp_seconds'),
      ).toBeGreaterThan(Date.now() / 1_000);
  });

  it('finishes what is under way on SIGTERM, takes nothing new, and exits 0', async () => {
    const load = startLoad({ via: client.address, host: 'server', perSecond: 100 });
    await load.more(30);
    const slow = send({ via: client.address, host: 'one', path: '/slow?ms=3000' });
    await eventually(() => expect(applications[0]!.slowRequests).toBe(1));
    // As in a cluster: the endpoint goes first, so that clients send their next requests elsewhere.
    await mesh.apply({ ...spec, services: { ...spec.services, server: ['server-two'] } });
    await eventually(async () => {
      const sinceMs = performance.now();
      await load.more(20);
      expect(load.countsSince(sinceMs)).toEqual({ 'server-two': expect.any(Number) });
    });

    const startMs = performance.now();
    sidecarOne.kill('SIGTERM');
    await eventually(async () => expect(await canConnect(one.address)).toBe(false));
    expect(sidecarOne.exit).toBeNull();
    expect((await slow).status).toBe(200);
    expect(await sidecarOne.waitForExit()).toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await load.stop();
    expect(load.failures).toEqual([]);
  });
});

function canConnect(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: inboundPort });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
