import {
  EchoApplication,
  eventually,
  GrpcEcho,
  type LongLived,
  Mesh,
  type MeshSpec,
  metricSum,
  openGrpcChat,
  openKeepAlive,
  openWebSocket,
  pod,
  type RunningProcess,
  sidecarMetrics,
} from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from './src/client.ts';

const client = pod('client');
const server = pod('server');
const other = pod('other');
const grpc = pod('grpc');
const spec: MeshSpec = {
  pods: [client, server, other, grpc],
  services: { server: ['server'], other: ['other'], grpc: ['grpc'] },
  routes: { server: { server: 1 } },
};
const appPort = 8080;
const outboundPort = 15_001;
/** The shortest that the control plane takes; certificates are renewed at half of it. */
const leafTtlSeconds = 10;

describe('connections that stand while the mesh changes', () => {
  let mesh: Mesh;
  let controlPlane: RunningProcess;
  let standing: readonly LongLived[] = [];
  const applications: { stop(): void }[] = [];
  let words = 0;

  const expectAllToStand = async () => {
    for (const each of standing) {
      const word = `word-${++words}`;
      expect([each.kind, await each.say(word)]).toEqual([each.kind, word]);
    }
  };
  const answersFrom = async (app: string) => {
    const answer = await send({ via: client.address, host: 'server', method: 'POST', body: 'x' });
    expect([answer.status, answer.headers['x-app']]).toEqual([200, app]);
  };

  beforeAll(async () => {
    mesh = await Mesh.create({
      pods: spec.pods,
      controlPlaneEnv: { TULLE_LEAF_TTL_SECONDS: String(leafTtlSeconds) },
    });
    await mesh.apply(spec);
    controlPlane = await mesh.startControlPlane();
    for (const { name, address } of [server, other])
      applications.push(await new EchoApplication(name).start(address, appPort));
    applications.push(await new GrpcEcho().start(grpc.address, appPort));
    await mesh.startSidecars(client, server, other, grpc);
    const at = (authority: string) => ({ address: client.address, port: outboundPort, authority });
    standing = [
      await openKeepAlive(at('server')),
      await openWebSocket(at('server')),
      openGrpcChat(at('grpc')),
    ];
    await expectAllToStand();
  });

  afterAll(async () => {
    for (const each of standing) each.close();
    for (const application of applications) application.stop();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('are not touched by a route, which new requests follow', async () => {
    await answersFrom('server');
    await mesh.apply({ ...spec, routes: { server: { other: 1 } } });
    await eventually(() => answersFrom('other'));
    await expectAllToStand();
    await mesh.apply(spec);
    await eventually(() => answersFrom('server'));
    await expectAllToStand();
  });

  it('are not touched by endpoints that come and go beside theirs', async () => {
    await mesh.apply({ ...spec, services: { ...spec.services, server: ['server', 'other'] } });
    await eventually(() => answersFrom('other'));
    await expectAllToStand();
    await mesh.apply({ ...spec, services: { ...spec.services, other: [] } });
    await eventually(() => answersFrom('server'));
    await expectAllToStand();
  });

  it('outlive the certificates that they were made with, and the control plane', async () => {
    const renewals = async () =>
      Math.min(
        ...(await Promise.all(
          spec.pods.map(async (each) =>
            metricSum(await sidecarMetrics(each), 'tulle_certificate_renewals_total'),
          ),
        )),
      );
    const before = await renewals();
    await eventually(async () => expect(await renewals()).toBeGreaterThanOrEqual(before + 3), {
      timeoutMs: leafTtlSeconds * 3_000,
      intervalMs: 200,
    });
    await answersFrom('server');
    await expectAllToStand();
    controlPlane.kill('SIGKILL');
    await controlPlane.waitForExit();
    await expectAllToStand();
    controlPlane = await mesh.startControlPlane();
    // Certificates are so short here that an outage may outlast them, and new requests need them on both sides.
    await eventually(
      async () => {
        for (const each of spec.pods) {
          const page = await sidecarMetrics(each);
          expect(metricSum(page, 'tulle_discovery_connected')).toBe(1);
          const endSeconds = metricSum(page, 'tulle_certificate_expiry_timestamp_seconds');
          expect(endSeconds - Date.now() / 1_000).toBeGreaterThan(3);
        }
      },
      { timeoutMs: 30_000 },
    );
    await expectAllToStand();
  });
});
