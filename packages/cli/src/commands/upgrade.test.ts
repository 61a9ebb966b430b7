import type { RawObject } from '@tulle/kubernetes';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { runCaptured } from '../testing/run-captured.ts';

async function installed(...args: string[]): Promise<readonly RawObject[]> {
  const { out } = await runCaptured(['install', ...args]);
  return parseAllDocuments(out).map((document) => document.toJS() as RawObject);
}

const upgrade = (objects: readonly RawObject[], ...args: string[]) =>
  runCaptured(['upgrade', ...args], undefined, { connect: () => new FakeCluster(objects) });

const withRecord = (objects: readonly RawObject[], data: Readonly<Record<string, string>>) =>
  objects.map((object) =>
    object.metadata.name === 'tulle-install'
      ? { ...object, data: { ...(object.data as object), ...data } }
      : object,
  );

describe('tulle upgrade', () => {
  it('renders with the values of the installation, and changes nothing by itself', async () => {
    const objects = await installed('--set', 'controlPlane.replicas=5');
    const { code, out, err } = await upgrade(objects);
    expect({ code, err }).toEqual({ code: 0, err: 'installed 0.1.0, this is 0.1.0\n  nothing changes\n' });
    expect(out).toContain('replicas: 5');
  });

  it('leaves out values that another version had and this one does not know, and says so', async () => {
    const values = JSON.stringify({ proxy: { drainSeconds: 7, gone: 1 }, removed: { a: 1 } });
    const { code, out, err } = await upgrade(withRecord(await installed(), { 'values.json': values }));
    expect(code).toBe(1);
    expect(err).toContain('the trust domain is undefined');
    const kept = JSON.stringify({ ...JSON.parse(values), trustDomain: 'cluster.local' });
    const again = await upgrade(withRecord(await installed(), { 'values.json': kept }));
    expect({ code: again.code, out }).toEqual({ code: 0, out: '' });
    expect(again.err).toContain('  value    proxy.gone: 1 -> nothing\n');
    expect(again.err).toContain('  value    removed: {"a":1} -> nothing\n');
    expect(again.out).toContain('drainSeconds: 7');
  });

  it('says which values and objects change, and which no longer belong to it', async () => {
    const { err, out } = await upgrade(
      await installed(),
      '--set',
      'controlPlane.replicas=3',
      '--set',
      'podDisruptionBudget.enabled=false',
    );
    expect(err).toBe(`installed 0.1.0, this is 0.1.0
  value    controlPlane.replicas: 2 -> 3
  value    podDisruptionBudget.enabled: true -> false
  changed  Deployment tulle-control-plane
  changed  ConfigMap tulle-install
  obsolete PodDisruptionBudget tulle-control-plane
  obsolete PodDisruptionBudget tulle-injector
  take them away by: tulle upgrade --obsolete | kubectl delete -f -
`);
    expect(out).not.toContain('PodDisruptionBudget');
  });

  it('says where images do not follow, since the installation names their version', async () => {
    const { err } = await upgrade(await installed('--version', '0.0.9'));
    expect(err).toContain('images stay those of 0.0.9, as image.version says: --version 0.1.0');
    const { err: followed } = await upgrade(await installed('--version', '0.0.9'), '--version', '0.1.0');
    expect(followed).not.toContain('images stay');
  });

  it('gives what no longer belongs to it for kubectl to delete', async () => {
    const objects = (await installed()).filter(({ kind }) => kind !== 'PodDisruptionBudget');
    const old = {
      ...objects.find(({ kind }) => kind === 'Service')!,
      kind: 'ServiceAccount',
      apiVersion: 'v1',
    };
    const stale = { ...old, metadata: { ...old.metadata, name: 'tulle-of-old' } };
    const { out, err } = await upgrade([...objects, stale], '--obsolete');
    expect(err).toContain('new      PodDisruptionBudget tulle-injector');
    expect(parseAllDocuments(out).map((document) => document.toJS())).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'tulle-of-old', namespace: 'tulle-system' },
      },
    ]);
  });

  it.each([
    ['what is not there', () => [], 'there is no ConfigMap tulle-system/tulle-install'],
    [
      'what Helm installed',
      (o: readonly RawObject[]) => withRecord(o, { installer: 'Helm' }),
      'installed by Helm',
    ],
    [
      'a way back',
      (o: readonly RawObject[]) => withRecord(o, { version: '0.2.0' }),
      'an older version may not know',
    ],
    ['a jump', (o: readonly RawObject[]) => withRecord(o, { version: '0.0.9' }), null],
    [
      'a record that is broken',
      (o: readonly RawObject[]) => withRecord(o, { 'values.json': '{' }),
      'tulle-install cannot be read',
    ],
    [
      'a record that is no record',
      (o: readonly RawObject[]) => withRecord(o, { 'values.json': 'null' }),
      'its values.json is no object in JSON',
    ],
  ])('of %s', async (_, change, message) => {
    const { code, out, err } = await upgrade(change(await installed()));
    if (message === null) expect(code).toBe(0);
    else {
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain(message);
    }
  });

  it('keeps the trust domain, on which every identity hangs', async () => {
    const { code, err } = await upgrade(await installed(), '--set', 'trustDomain=other');
    expect(code).toBe(1);
    expect(err).toContain('the trust domain is cluster.local, and cannot become other');
  });
});
