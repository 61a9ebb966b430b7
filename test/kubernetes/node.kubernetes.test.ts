import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { describeCluster, openCluster } from './src/requirements.ts';

describeCluster('pods', 'the cluster that pods of tests run on', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await openCluster();
  });

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  it('has a node that is ready, and names services', async () => {
    const ready = ['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=60s'];
    expect(await cluster.kubectl.must(ready)).toContain('condition met');
    const dns = async () => {
      const [service] = await cluster.kubectl.list('service -l k8s-app=kube-dns', 'kube-system');
      expect(service?.spec.clusterIP).toMatch(/^[0-9a-f.:]+$/);
    };
    await eventually(dns, clusterPace);
  });
});
