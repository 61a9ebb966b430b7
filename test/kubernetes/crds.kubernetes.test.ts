import { readFileSync } from 'node:fs';
import { KubernetesClient, KubernetesError, type ResourceType, resourceTypes } from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Cluster } from './src/cluster/cluster.ts';
import { root, tulle } from './src/mesh/manifests.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

/** A row of packages/api/testdata/crds, which the unit tests put to the readers. */
interface Case {
  readonly kind: string;
  readonly name?: string;
  readonly spec?: unknown;
  readonly says?: readonly string[];
  /** What the schema says, where it is not by the path alone; null: it takes what only the webhook refuses. */
  readonly schema?: string | null;
}

const cases = (file: string) =>
  parse(readFileSync(`${root}/packages/api/testdata/crds/${file}`, 'utf8')) as readonly Case[];

const types: Readonly<Record<string, ResourceType>> = {
  MeshConfig: resourceTypes.meshConfigs,
  PeerAuthentication: resourceTypes.peerAuthentications,
};

describeCluster('api-server', 'the kinds of the mesh', () => {
  let cluster: Cluster;
  let client: KubernetesClient;

  beforeAll(async () => {
    cluster = await openApiServer();
    await cluster.kubectl.apply(await tulle(['install', '--crds-only']), '--server-side');
    await cluster.kubectl.must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    const { kubeconfig } = cluster.kubectl;
    client = KubernetesClient.load({ kubeconfig, clock: systemClock, logger: silentLogger });
  });

  afterAll(async () => {
    client?.close();
    if (cluster?.isGiven) {
      await cluster.kubectl.must(['delete', 'crd', 'meshconfigs.tulle.dev', 'peerauthentications.tulle.dev']);
    }
    await cluster?.[Symbol.asyncDispose]();
  });

  /** What the API server says against it; null: it would take it. */
  const refusalOf = async ({ kind, name = 'default', spec }: Case): Promise<KubernetesError | null> => {
    const metadata = { name, ...(kind === 'MeshConfig' ? {} : { namespace: 'default' }) };
    const object = { metadata, ...(spec === undefined ? {} : { spec }) };
    try {
      await client.create(types[kind]!, object, { dryRun: true });
      return null;
    } catch (thrown) {
      if (thrown instanceof KubernetesError) return thrown;
      throw thrown;
    }
  };

  it.each(cases('taken.yaml'))('are taken by the schema where the reader takes them: %j', async (taken) => {
    expect(await refusalOf(taken)).toBeNull();
  });

  it.each(cases('refused.yaml'))('are refused, as %j', async (refused) => {
    const refusal = await refusalOf(refused);
    const { schema = refused.says![0]!.split(':')[0]! } = refused;
    if (schema === null) expect(refusal).toBeNull();
    else expect(refusal).toMatchObject({ status: 422, message: expect.stringContaining(schema) });
  });

  describe('as the documentation shows them', () => {
    const text = readFileSync(`${root}/docs/operations.md`, 'utf8');
    const documents = [...text.matchAll(/^```yaml\n(.*?)^```/gms)]
      .flatMap((match) => match[1]!.split(/^---$/m))
      .filter((document) => document.includes('tulle.dev/v1alpha1'));

    it.each(documents)('are taken: %s', async (document) => {
      await cluster.kubectl.run(['create', 'namespace', 'tulle-system']);
      await cluster.kubectl.run(['create', 'namespace', 'bookshop']);
      const { code, stderr } = await cluster.kubectl.run(['apply', '--dry-run=server', '-f', '-'], document);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    });
  });

  it('have short names, and are listed together', async () => {
    await cluster.kubectl.apply([
      { apiVersion: 'tulle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'default' }, spec: {} },
    ]);
    expect(await cluster.kubectl.must(['get', 'tmc'])).toMatch(
      /NAME +MODE +UNKNOWN +ACCEPTED +PROGRAMMED +AGE/,
    );
    expect(await cluster.kubectl.must(['get', 'tulle', '-A'])).toContain('meshconfig.tulle.dev/default');
    expect(await cluster.kubectl.must(['explain', 'meshconfig.spec.proxy.drainSeconds'])).toContain(
      'SIGTERM',
    );
    await cluster.kubectl.delete('meshconfig/default');
  });
});
