import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eventually,
  Mesh,
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
const workers = ['0', '1'];

describe('a sidecar of two workers', () => {
  let mesh: Mesh;
  let application: Application;
  let clientSidecar: RunningProcess;
  let states: TemporaryDirectory;

  beforeAll(async () => {
    const pods = [client, server];
    mesh = await Mesh.create({ pods });
    await mesh.apply({ pods, services: { server: ['server'] } });
    await mesh.startControlPlane();
    application = await startApplication('server', server.address);
    states = await temporaryDirectory('worker-states');
    const envOf = ({ name }: PodSpec) => ({ TULLE_WORKERS: '2', TULLE_STATE_DIR: join(states.path, name) });
    const sidecars = await Promise.all(pods.map((one) => mesh.launchSidecar(one, envOf(one))));
    await Promise.all(pods.map((one, index) => untilSidecarReady(sidecars[index]!, one)));
    clientSidecar = sidecars[0]!;
  });

  afterAll(async () => {
    await application?.close();
    await mesh?.[Symbol.asyncDispose]();
    await states?.remove();
  });

  /** Each on a connection of its own, which the kernel gives to one worker or the other. */
  const sendMany = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () => send({ via: client.address, host: 'server', path: '/' })),
    );
  const requestsOf = async (worker: string) =>
    metricSum(await sidecarMetrics(client), 'tulle_requests_total', { worker, direction: 'outbound' });

  it('is served by both, over mutual TLS, and shows the metrics of both', async () => {
    const answers = await sendMany(100);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const counts = await Promise.all(workers.map(requestsOf));
    expect(counts[0]! + counts[1]!).toBe(100);
    expect(Math.min(...counts)).toBeGreaterThan(10);
    const page = await sidecarMetrics(client);
    expect(page.match(/^# TYPE tulle_requests_total /gm)).toHaveLength(1);
  });

  it('shows the configuration of both, and sets the level of both', async () => {
    const dump = JSON.parse(await sidecarPage(client, '/config_dump'));
    expect(Object.keys(dump.workers)).toEqual(workers);
    for (const worker of workers) expect(dump.workers[worker].proxy.listeners.outbound.port).toBe(15_001);
    const level = await fetch(`http://${client.address}:15000/log_level?level=loud`, { method: 'POST' });
    expect([level.status, await level.text()]).toEqual([
      400,
      expect.stringContaining('worker 0: level must be'),
    ]);
  });

  it('keeps the state of each apart', async () => {
    const folder = join(states.path, client.name);
    expect((await readdir(folder)).sort()).toEqual(['worker-0', 'worker-1']);
    await eventually(async () => {
      const files = await Promise.all(workers.map((worker) => readdir(join(folder, `worker-${worker}`))));
      for (const each of files) expect(each.sort()).toEqual(['certificate.state', 'configuration.state']);
    });
  });

  it('goes on with one while the other is dead, says so, and has it back', async () => {
    const pidOf = async () => JSON.parse(await sidecarPage(client, '/config_dump')).workers['1'].process?.pid;
    const before = await pidOf();
    expect(before).toBeTypeOf('number');
    process.kill(before, 'SIGKILL');
    // Gone as a whole: of a process that is being taken apart, one listener may outlive another.
    await eventually(() => expect(() => process.kill(before, 0)).toThrow('ESRCH'));
    await eventually(async () => {
      const ready = await fetch(`http://${client.address}:${metricsPort}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('worker 1: ')]);
    });
    const answers = await sendMany(20);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await eventually(async () => expect(await pidOf()).not.toBe(before), { timeoutMs: 15_000 });
    await eventually(
      async () => {
        const ready = await fetch(`http://${client.address}:${metricsPort}/readyz`);
        expect(ready.status).toBe(200);
      },
      { timeoutMs: 15_000 },
    );
  });

  it('finishes what is under way in either on SIGTERM, and exits 0 with both', async () => {
    const pids = Object.values<{ process: { pid: number } }>(
      JSON.parse(await sidecarPage(client, '/config_dump')).workers,
    ).map(({ process: { pid } }) => pid);
    const slow = Array.from({ length: 8 }, () =>
      send({ via: client.address, host: 'server', path: '/slow?ms=1500' }),
    );
    await eventually(() => expect(application.slowRequests).toBe(8));
    clientSidecar.kill('SIGTERM');
    const answers = await Promise.all(slow);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await clientSidecar.waitForExit()).toEqual({ code: 0, signal: null });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
