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
