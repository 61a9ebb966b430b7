import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubernetesClient, LeaderElector, Reflector, resourceTypes } from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import { eventually, FakeApiServer, temporaryDirectory } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContractSubject, checkApiContract } from './src/api-contract.ts';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';
import { installThings, removeThings, things } from './src/things.ts';

const { configMaps } = resourceTypes;
const common = { clock: systemClock, random: Math.random, logger: silentLogger };
const namespace = 'reflected';
/** Within this a reflector is back: its longest back-off, and what the API server asks to wait. */
const patience = { timeoutMs: 45_000, intervalMs: 50 };
/** A third of what the mesh takes, and as far from one another. */
const timing = { leaseDurationMs: 5_000, renewDeadlineMs: 3_300, retryPeriodMs: 700 };

describe('the fake API server is as the real one', () => checkApiContract(openFake));

describeCluster('own-api-server', 'the real API server', () => {
  let cluster: ApiServerCluster;
  let client: KubernetesClient;

  beforeAll(async () => {
    cluster = await startApiServer();
    client = KubernetesClient.load({ ...common, kubeconfig: cluster.kubectl.kubeconfig });
    await cluster.kubectl.must(['create', 'namespace', namespace]);
  });

  afterAll(async () => {
    client?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  describe('has a client that, when it is killed,', () => {
    it('keeps what it knows meanwhile, and has missed nothing afterwards', async () => {
      await using mine = await reflect(client);
      await put(client, 'kept', 'old');
      await eventually(() => expect(mine.values()).toContain('kept=old'), patience);
      const kept = mine.reflector.objects.get(`${namespace}/kept`);
      await cluster.killApiServer();
      await eventually(() => expect(mine.reflector.state.kind).toBe('retrying'), patience);
      expect(mine.values()).toContain('kept=old');
      await cluster.startApiServer();
      await put(client, 'later', 'new');
      await eventually(() => expect(mine.values()).toContain('later=new'), patience);
      expect(mine.reflector.objects.get(`${namespace}/kept`)).toBe(kept);
      expect(mine.told.filter((key) => key === `${namespace}/kept`)).toHaveLength(1);
    });

    it('sees a kind that appears, and one that vanishes', async () => {
      const reflector = new Reflector({
        ...common,
        client,
        type: things,
        isOptional: true,
        read: ({ metadata }) => metadata.name,
      });
      await reflector.start();
      try {
        expect(await reflector.synced(20_000)).toBe(true);
        expect(reflector.state.kind).toBe('absent');
        await installThings(client);
        await eventually(() => client.create(things, { metadata: { namespace, name: 'thing' } }), patience);
        await eventually(() => expect([...reflector.objects.values()]).toEqual(['thing']), patience);
        await removeThings(client);
        await eventually(() => expect(reflector.state.kind).toBe('absent'), patience);
        expect(reflector.objects.size).toBe(0);
      } finally {
        await reflector.stop();
      }
    });

    it('leads, loses the lead with the API server, and leads again', async () => {
      const elector = new LeaderElector({
        ...common,
        ...{ client, namespace, name: 'test', identity: 'one' },
        timing,
      });
      await elector.start();
      await eventually(() => expect(elector.isLeader).toBe(true), patience);
      await cluster.killApiServer();
      await eventually(() => expect(elector.isLeader).toBe(false), patience);
      await cluster.startApiServer();
      await eventually(() => expect(elector.isLeader).toBe(true), patience);
      await elector.stop(5_000);
      const lease = await client.get(resourceTypes.leases, { namespace, name: 'test' });
      expect(lease).toMatchObject({ spec: { holderIdentity: '' } });
    });
  });

  describe('is as the reflector takes it to be', () => checkApiContract(async () => openReal(cluster)));

  describe('that tests start', () => {
    it('takes the tokens of service accounts, whose rights are those of their roles', async () => {
      const { kubectl } = cluster;
      await kubectl.must(['create', 'namespace', 'rights']);
      await kubectl.must(['create', 'serviceaccount', 'reader', '-n', 'rights']);
      await kubectl.must(['create', 'role', 'reader', '-n', 'rights', '--verb=get', '--resource=configmaps']);
      const binding = ['--role=reader', '--serviceaccount=rights:reader'];
      await kubectl.must(['create', 'rolebinding', 'reader', '-n', 'rights', ...binding]);
      const token = (await kubectl.must(['create', 'token', 'reader', '-n', 'rights'])).trim();
      const user = kubectl.as(await cluster.kubeconfigOf('reader', token));
      const canI = async (what: string) =>
        (await user.run(['auth', 'can-i', 'get', what, '-n', 'rights'])).stdout;
      expect([await canI('configmaps'), await canI('secrets')]).toEqual(['yes\n', 'no\n']);
    });

    it('makes the pods of a deployment, where it came with controllers', async () => {
      const { kubectl, hasControllers } = cluster;
      if (!hasControllers) return;
      await kubectl.must(['create', 'namespace', 'workloads']);
      await kubectl.must(['create', 'deployment', 'web', '-n', 'workloads', '--image=web', '--replicas=2']);
      await eventually(
        async () => expect(await kubectl.list('pods -l app=web', 'workloads')).toHaveLength(2),
        clusterPace,
      );
    });

    it('comes back with all that it knew after it was killed', async () => {
      const { kubectl } = cluster;
      await kubectl.must(['create', 'namespace', 'kept']);
      const before = await kubectl.get('namespace/kept');
      await cluster.killApiServer();
      expect((await kubectl.run(['get', 'namespaces'])).code).not.toBe(0);
      await cluster.startApiServer();
      expect((await kubectl.get('namespace/kept')).metadata.uid).toBe(before.metadata.uid);
    });
  });
});

async function put(client: KubernetesClient, name: string, value: string): Promise<void> {
  const options = { fieldManager: 'test' };
  await client.apply(configMaps, { metadata: { namespace, name }, data: { value } }, options);
}

async function reflect(client: KubernetesClient) {
  const read = ({ metadata, data }: { metadata: { name: string }; data?: unknown }) => ({
    line: `${metadata.name}=${(data as { value?: string } | undefined)?.value}`,
  });
  const reflector = new Reflector({ ...common, client, type: configMaps, namespace, read });
  const told: string[] = [];
  reflector.onChange((keys) => told.push(...keys));
  await reflector.start();
  expect(await reflector.synced(20_000)).toBe(true);
  return {
    reflector,
    told,
    values: () => [...reflector.objects.values()].map(({ line }) => line),
    [Symbol.asyncDispose]: () => reflector.stop(),
  };
}

async function openFake(): Promise<ContractSubject> {
  const fake = await FakeApiServer.start({ serves: [resourceTypes.configMaps] });
  const directory = await temporaryDirectory('contract');
  const kubeconfig = join(directory.path, 'kubeconfig');
  await writeFile(kubeconfig, plainKubeconfig(fake.url.href));
  const client = KubernetesClient.load({ ...common, kubeconfig });
  return {
    client,
    installThings: async () => fake.store.serve(things),
    removeThings: async () => fake.unserve(things),
    forgetPast: async () => fake.store.compact(),
    [Symbol.asyncDispose]: async () => {
      client.close();
      await fake.kill();
      await directory.remove();
    },
  };
}

function openReal(cluster: ApiServerCluster): ContractSubject {
  const client = KubernetesClient.load({ ...common, kubeconfig: cluster.kubectl.kubeconfig });
  return {
    client,
    installThings: () => installThings(client),
    removeThings: () => removeThings(client),
    // Its watch cache begins with what it finds when it starts.
    forgetPast: async () => {
      await cluster.killApiServer();
      await cluster.startApiServer();
    },
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

function plainKubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'fake', user: {} }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    'current-context': 'fake',
  });
}
