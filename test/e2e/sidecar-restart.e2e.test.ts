import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eventually,
  Mesh,
  type MeshSpec,
  metricSum,
  metricsPort,
  type PodSpec,
  pod,
  type RunningProcess,
  sidecarMetrics,
  sidecarPage,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSidecarReady,
} from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from './src/application.ts';
import { send } from './src/client.ts';

const client = pod('client');
const server = pod('server');
const other = pod('other');
const spec: MeshSpec = {
  pods: [client, server, other],
  services: { server: ['server'], other: ['other'] },
};

describe('sidecars that are killed while the control plane is away', () => {
  let mesh: Mesh;
  let states: TemporaryDirectory;
  let controlPlane: RunningProcess;
  let sidecars: RunningProcess[];
  const applications: Application[] = [];

  const stateOf = ({ name }: PodSpec) => join(states.path, name);
  const launch = (each: PodSpec) =>
    mesh.launchSidecar(each, { TULLE_STATE_DIR: stateOf(each), TULLE_DISCOVERY_WAIT_MS: '500' });
  const launchAll = async () => {
    sidecars = await Promise.all([client, server].map(launch));
  };
  const killAll = async () => {
    for (const sidecar of sidecars) sidecar.kill('SIGKILL');
    await Promise.all(sidecars.map((sidecar) => sidecar.waitForExit()));
  };
  const untilReady = () =>
    Promise.all([client, server].map((each, index) => untilSidecarReady(sidecars[index]!, each)));
  const readyz = async ({ address }: PodSpec) =>
    (await fetch(`http://${address}:${metricsPort}/readyz`)).text();
  /** What a restart will find: both files, of the life before. */
  const untilSaved = () =>
    eventually(async () => {
      for (const each of [client, server]) {
        const saved = await readFile(join(stateOf(each), 'configuration.state'), 'utf8');
        expect(saved).toContain('cluster.local');
        if (each === client) expect(saved).toContain('server.shop');
        await stat(join(stateOf(each), 'certificate.state'));
      }
    });

  beforeAll(async () => {
    states = await temporaryDirectory('sidecar-states');
    mesh = await Mesh.create({ pods: spec.pods });
    await mesh.apply(spec);
    controlPlane = await mesh.startControlPlane();
    for (const { name, address } of [server, other]) applications.push(await startApplication(name, address));
    await launchAll();
    await untilReady();
    expect((await send({ via: client.address, host: 'server' })).status).toBe(200);
    await untilSaved();
    controlPlane.kill('SIGKILL');
    await controlPlane.waitForExit();
    await killAll();
  });

  afterAll(async () => {
    for (const application of applications) await application.close();
    await mesh?.[Symbol.asyncDispose]();
    await states?.remove();
  });

  it('have left their state for their user alone, with the key in one file', async () => {
    for (const each of [client, server]) {
      expect((await stat(stateOf(each))).mode & 0o777).toBe(0o700);
      expect((await readdir(stateOf(each))).sort()).toEqual(['certificate.state', 'configuration.state']);
      for (const file of await readdir(stateOf(each))) {
        const path = join(stateOf(each), file);
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        expect((await readFile(path, 'utf8')).includes('PRIVATE KEY')).toBe(file === 'certificate.state');
      }
    }
  });

  it('come back to service from disk, over mutual TLS, and say so', async () => {
    await launchAll();
    await untilReady();
    for (let i = 0; i < 20; i++)
      expect(await send({ via: client.address, host: 'server' })).toMatchObject({ status: 200 });
    const metrics = await sidecarMetrics(server);
    const requests = (labels: Record<string, string>) => metricSum(metrics, 'tulle_requests_total', labels);
    expect(requests({ direction: 'inbound', security: 'mtls' })).toBe(20);
    expect(requests({ direction: 'inbound', security: 'plain' })).toBe(0);
    for (const each of [client, server]) {
      expect(await readyz(each)).toMatch(
        /^ok \(configuration from disk, saved .*; control plane away since /,
      );
      const page = await sidecarMetrics(each);
      expect(metricSum(page, 'tulle_config_source', { source: 'disk' })).toBe(1);
      expect(metricSum(page, 'tulle_config_age_seconds')).toBeGreaterThan(0);
      const dump = JSON.parse(await sidecarPage(each, '/config_dump'));
      expect(dump.discovery.configuration).toMatchObject({ source: 'disk' });
    }
  });

  it('answer 503 for a destination that they have never met', async () => {
    const answer = await send({ via: client.address, host: 'other' });
    expect([answer.status, answer.headers['x-tulle-reason']]).toEqual([503, 'discovery_timeout']);
  });

  it('follow changes again once the control plane is back, and are sent no more than those', async () => {
    controlPlane = await mesh.startControlPlane();
    await eventually(async () => expect(await readyz(client)).toBe('ok\n'), { timeoutMs: 20_000 });
    // The name that was asked for in vain is subscribed to: all but its service is held already.
    const sent = metricSum(await mesh.controlPlanePage('/metrics'), 'tulle_discovery_resources_sent_total');
    expect(sent).toBeLessThanOrEqual(1);
    const launched = await mesh.startSidecars(other);
    expect(launched).toHaveLength(1);
    await mesh.apply({ ...spec, services: { ...spec.services, server: ['other'] } });
    await eventually(async () => {
      const answer = await send({ via: client.address, host: 'server' });
      expect(answer.headers['x-app']).toBe('other');
    });
  });

  it('start as if there were no state where it is corrupt', async () => {
    await killAll();
    for (const each of [client, server]) {
      const path = join(stateOf(each), 'configuration.state');
      const bytes = await readFile(path);
      bytes[bytes.length - 10]! ^= 1;
      await writeFile(path, bytes);
      await writeFile(join(stateOf(each), 'certificate.state'), bytes.subarray(0, 1_000));
    }
    await launchAll();
    await untilReady();
    expect((await send({ via: client.address, host: 'server' })).status).toBe(200);
    for (const [index, each] of [client, server].entries()) {
      const ignored = sidecars[index]!.log.filter(({ msg }) => String(msg).startsWith('saved state ignored'));
      expect(ignored.map(({ reason }) => reason).sort()).toEqual([
        'does not have the content of its checksum',
        'holds a configuration, not a certificate',
      ]);
      const page = await sidecarMetrics(each);
      expect(metricSum(page, 'tulle_state_loads_total', { result: 'ignored' })).toBe(2);
      expect(metricSum(page, 'tulle_config_source', { source: 'control-plane' })).toBe(1);
    }
  });

  it('refuse to start on a state directory that is not theirs alone', async () => {
    const refused = await mesh.launchSidecar(other, {
      TULLE_STATE_DIR: join(states.path, 'client/certificate.state'),
    });
    expect(await refused.waitForExit()).toMatchObject({ code: 1 });
    expect(refused.lastLines()).toContain('the state directory');
  });
});
