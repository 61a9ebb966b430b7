import { KubernetesClient, LeaderElector, Reflector, resourceTypes } from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';
import { installThings, removeThings, things } from './src/things.ts';

const { configMaps } = resourceTypes;
const namespace = 'default';
/** Within this a reflector is back: its longest back-off, and what the API server asks to wait. */
const patience = { timeoutMs: 45_000, intervalMs: 50 };

describeCluster('own-api-server', 'a client of an API server that is killed', () => {
  let cluster: ApiServerCluster;
  let client: KubernetesClient;

  beforeAll(async () => {
    cluster = await startApiServer();
    client = KubernetesClient.load({ ...common, kubeconfig: cluster.kubectl.kubeconfig });
  });

  afterAll(async () => {
    client?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('keeps what it knows meanwhile, and has missed nothing afterwards', async () => {
    await using mine = await reflect(client);
    await put(client, 'kept', 'old');
    await eventually(() => expect(mine.values()).toContain('kept=old'), patience);
    const kept = mine.reflector.objects.get('default/kept');
    await cluster.killApiServer();
    await eventually(() => expect(mine.reflector.state.kind).toBe('retrying'), patience);
    expect(mine.values()).toContain('kept=old');
    await cluster.startApiServer();
    await put(client, 'later', 'new');
    await eventually(() => expect(mine.values()).toContain('later=new'), patience);
    expect(mine.reflector.objects.get('default/kept')).toBe(kept);
    expect(mine.told.filter((key) => key === 'default/kept')).toHaveLength(1);
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
    const elector = new LeaderElector({ ...common, client, namespace, name: 'test', identity: 'one' });
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

const common = { clock: systemClock, random: Math.random, logger: silentLogger };

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
