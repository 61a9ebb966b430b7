import { expect, it } from 'vitest';
import { FakeCluster } from '../../testing/fake-cluster.ts';
import { ClusterView } from '../cluster-view.ts';
import { configuration } from './configuration.ts';

const namespace = 'tulle-system';

function run(settings: string) {
  const cluster = new FakeCluster([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'tulle-injector', namespace },
      data: { 'config.yaml': settings },
    },
  ]);
  const view = new ClusterView(cluster, namespace);
  return configuration.run({ cluster, view, namespace, version: '0.1.0', nowMs: Date.now });
}

it('tells of settings that the injector refuses while it goes on with others', async () => {
  expect((await run('proxy: { memoryLimit: 128Mi }')).findings).toEqual([]);
  expect((await run('proxy: { memoryLimit: 1Mi }')).findings).toMatchObject([
    { level: 'fail', message: expect.stringContaining('tulle-injector): proxy.memoryLimit: must be') },
  ]);
});
