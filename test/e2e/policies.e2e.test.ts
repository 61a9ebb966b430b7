import { eventually, Mesh, type MeshSpec, pod, sidecarPage } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from './src/application.ts';
import { send } from './src/client.ts';

const client = pod('client');
const server = pod('server');
const spec: MeshSpec = { pods: [client, server], services: { server: ['server'] } };
const serverId = 'spiffe://cluster.local/ns/shop/sa/server';

const policy = (name: string, mode: string, rest = '') => `apiVersion: tulle.dev/v1alpha1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: shop }
spec: { mtls: { mode: ${mode} }${rest} }
`;

describe('policies', () => {
  let mesh: Mesh;
  let application: Application;

  /** How the client's sidecar speaks to endpoints that it has connections to. */
  const pools = async (): Promise<string[]> =>
    JSON.parse(await sidecarPage(client, '/config_dump')).proxy.pools.map(
      ({ endpoint }: { endpoint: string }) => endpoint,
    );
  const call = (host: string) => send({ via: client.address, host });
  /** What the sidecar of the server would do. */
  const workload = async () => JSON.parse(await sidecarPage(server, '/config_dump')).inbound.workload;
  const statuses = async () => JSON.parse(await mesh.controlPlanePage('/config_dump')).config.statuses;

  beforeAll(async () => {
    mesh = await Mesh.create({ pods: spec.pods });
    await mesh.apply(spec);
    await mesh.startControlPlane();
    application = await startApplication('server', server.address);
    await mesh.startSidecars(client, server);
  });

  afterAll(async () => {
    await application?.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('reach a sidecar within a second of the change of their file', async () => {
    expect((await workload()).defaultMtls).toEqual({ mode: 'permissive', policy: 'default' });
    const elapsedMs: number[] = [];
    for (const mode of ['STRICT', 'DISABLE', 'PERMISSIVE', 'STRICT', 'PERMISSIVE']) {
      const rule = { mode: mode.toLowerCase(), policy: 'shop/all' };
      const startMs = performance.now();
      await mesh.writeConfig('policies.yaml', policy('all', mode));
      await eventually(async () => expect((await workload()).defaultMtls).toEqual(rule));
      elapsedMs.push(performance.now() - startMs);
    }
    // Of five, the one in the middle: the machine has other things to do as well.
    expect(elapsedMs.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
  });

  it('say for each port of the workload what it takes', async () => {
    await mesh.writeConfig('policies.yaml', policy('all', 'STRICT'));
    await eventually(async () =>
      expect((await workload()).ports).toMatchObject([
        { port: 8080, protocol: 'http', mtls: { mode: 'strict', policy: 'shop/all' } },
      ]),
    );
  });

  it('say for the mesh what becomes of unknown destinations, and are gone with their file', async () => {
    const config = `apiVersion: tulle.dev/v1alpha1
kind: MeshConfig
metadata: { name: default }
spec: { mtls: { mode: STRICT }, outbound: { unknownDestinations: Refuse } }
`;
    await mesh.writeConfig('policies.yaml', config);
    await eventually(async () =>
      expect(await workload()).toMatchObject({
        defaultMtls: { mode: 'strict', policy: 'MeshConfig' },
        outbound: { unknownDestinations: 'refuse' },
      }),
    );
    await mesh.writeConfig('policies.yaml', '# none\n');
    await eventually(async () =>
      expect(await workload()).toMatchObject({
        defaultMtls: { mode: 'permissive', policy: 'default' },
        outbound: { unknownDestinations: 'allow' },
      }),
    );
  });

  it('let clients speak in plain to a port in DISABLE, by name and by address, and without a failure', async () => {
    const byAddress = `${server.address}:8080`;
    const both = async () => {
      const answers = [await call('server'), await call(byAddress)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    };
    await both();
    const meshed = `${byAddress}|${serverId}|15006`;
    expect(await pools()).toEqual([meshed]);
    await mesh.writeConfig('policies.yaml', policy('all', 'DISABLE'));
    await eventually(async () => {
      await both();
      expect(await pools()).toContain(`${byAddress}|plain`);
    });
    await mesh.writeConfig('policies.yaml', policy('all', 'STRICT'));
    await eventually(async () => expect((await workload()).defaultMtls.mode).toBe('strict'));
    await both();
  });

  it('make no destination of addresses that are neither a service nor a pod, however many there are', async () => {
    const reasons = new Set<unknown>();
    for (let batch = 0; batch < 30; batch++) {
      const hosts = Array.from({ length: 50 }, (_, index) => `198.51.${batch}.${index}`);
      for (const answer of await Promise.all(hosts.map(call))) reasons.add(answer.headers['x-tulle-reason']);
    }
    expect([...reasons]).toEqual(['unknown_host']);
    expect((await call('server')).status).toBe(200);
    const { hosts } = JSON.parse(await sidecarPage(client, '/config_dump')).outbound;
    expect(hosts.length).toBeLessThanOrEqual(1_000);
  });

  it('that cannot be in force say so, and leave what is', async () => {
    const selector = ', selector: { matchLabels: { app: nobody } }';
    const all = [policy('a', 'STRICT'), policy('b', 'DISABLE'), policy('c', 'DISABLE', selector)];
    await mesh.writeConfig('policies.yaml', all.join('---\n'));
    await eventually(async () =>
      expect((await workload()).defaultMtls).toEqual({ mode: 'strict', policy: 'shop/a' }),
    );
    const reasons = (await statuses()).map(
      ({ name, conditions }: { name: string; conditions: { reason: string }[] }) =>
        `${name}: ${conditions.map(({ reason }) => reason).join(', ')}`,
    );
    expect(reasons).toEqual(['a: Accepted', 'b: Conflicted', 'c: Accepted, NoMatchingWorkload']);
    await mesh.writeConfig('policies.yaml', policy('a', 'OFTEN'));
    await eventually(async () =>
      expect(await mesh.controlPlanePage('/config_dump')).toContain('must be one of STRICT, PERMISSIVE'),
    );
    expect((await workload()).defaultMtls).toEqual({ mode: 'strict', policy: 'shop/a' });
  });
});
