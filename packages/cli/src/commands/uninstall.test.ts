import { KubernetesError, type RawObject } from '@tulle/kubernetes';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { runCaptured } from '../testing/run-captured.ts';

async function documents(...args: string[]): Promise<readonly RawObject[]> {
  const { code, out, err } = await runCaptured(args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return parseAllDocuments(out).map((document) => document.toJS() as RawObject);
}

const keys = (objects: readonly RawObject[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);

const madeAtRunTime = [
  'Lease mesh/tulle-control-plane',
  'Secret mesh/tulle-injector-certificate',
  'ConfigMap mesh/tulle-trust',
];

describe('tulle uninstall', () => {
  it('takes the webhooks first, then the programs, so that nothing waits for them or makes anything anew', async () => {
    expect(keys(await documents('uninstall')).slice(0, 4)).toEqual([
      'MutatingWebhookConfiguration /tulle-injector',
      'ValidatingWebhookConfiguration /tulle-injector',
      'Deployment tulle-system/tulle-control-plane',
      'Deployment tulle-system/tulle-injector',
    ]);
  });

  it('purged, takes all that was installed and all that was made since', async () => {
    const installed = keys(await documents('install', '-n', 'mesh'));
    const removed = keys(await documents('uninstall', '-n', 'mesh', '--purge'));
    expect([...removed].sort()).toEqual(
      [...installed, ...madeAtRunTime, 'Secret mesh/tulle-authority'].sort(),
    );
    expect(removed.at(-1)).toBe('Namespace /mesh');
  });

  it('else keeps what operators wrote, and what every identity hangs on', async () => {
    const removed = keys(await documents('uninstall', '-n', 'mesh'));
    expect(removed).toEqual(expect.arrayContaining(madeAtRunTime));
    expect(removed.filter((key) => /CustomResourceDefinition|Namespace|tulle-authority/.test(key))).toEqual(
      [],
    );
  });

  it("takes the mesh's entries out of the statuses of routes, and leaves others'", async () => {
    const parent = (controllerName: string) => ({
      controllerName,
      parentRef: { name: 'web' },
      conditions: [],
    });
    const route = (name: string, ...controllers: readonly string[]): RawObject => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name, namespace: 'shop' },
      status: { parents: controllers.map(parent) },
    });
    const cluster = new FakeCluster([
      route('both', 'tulle.dev/mesh-controller', 'other/one'),
      route('none', 'other/one'),
    ]);
    const { out } = await runCaptured(['uninstall', '--route-statuses'], undefined, {
      connect: () => cluster,
    });
    expect(out).toContain('1 route had entries');
    expect(cluster.objects).toEqual([route('both', 'other/one'), route('none', 'other/one')]);
  });

  it('has nothing to take out where Gateway API is not installed', async () => {
    const cluster = new FakeCluster([]);
    cluster.list = () => {
      const options = { status: 404, reason: 'NotFound' };
      return Promise.reject(new KubernetesError('the server could not find the requested resource', options));
    };
    const { code, out } = await runCaptured(['uninstall', '--route-statuses'], undefined, {
      connect: () => cluster,
    });
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('0 routes had entries') });
  });
});
