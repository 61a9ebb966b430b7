import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

describeCluster('own-api-server', 'the API server that tests start', () => {
  let cluster: ApiServerCluster;

  beforeAll(async () => {
    cluster = await startApiServer();
  });

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  it('makes service accounts, whose tokens are users with the rights of their roles', async () => {
    const { kubectl } = cluster;
    await kubectl.must(['create', 'namespace', 'rights']);
    await eventually(() => kubectl.get('serviceaccount/default', 'rights'), clusterPace);
    await kubectl.must(['create', 'role', 'reader', '-n', 'rights', '--verb=get', '--resource=configmaps']);
    const binding = ['--role=reader', '--serviceaccount=rights:default'];
    await kubectl.must(['create', 'rolebinding', 'reader', '-n', 'rights', ...binding]);
    const token = (await kubectl.must(['create', 'token', 'default', '-n', 'rights'])).trim();
    const user = kubectl.as(await cluster.kubeconfigOf('reader', token));
    const canI = async (what: string) =>
      (await user.run(['auth', 'can-i', 'get', what, '-n', 'rights'])).stdout;
    expect([await canI('configmaps'), await canI('secrets')]).toEqual(['yes\n', 'no\n']);
  });

  it('makes the pods of a deployment', async () => {
    const { kubectl } = cluster;
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
