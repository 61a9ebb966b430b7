import { silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { ReplicaReports } from './replica-reports.ts';
import type { Replica } from './replicas.ts';

function harness() {
  const clock = new FakeClock();
  const replicas: Replica[] = [{ name: 'b', host: '10.0.0.2', port: 15_014 }];
  const pages = new Map<string, string>();
  const asked: string[] = [];
  let changes = 0;
  const reports = new ReplicaReports({
    others: () => replicas,
    fetchText: async (url) => {
      asked.push(url);
      const page = pages.get(new URL(url).hostname);
      if (page === undefined) throw new Error('refused');
      return page;
    },
    onChange: () => changes++,
    clock,
    logger: silentLogger,
  });
  const page = (revision: string, objects: object | null) =>
    JSON.stringify({ replica: 'b', revision, objects });
  return { clock, replicas, pages, asked, reports, page, changes: () => changes };
}

const counts = { generation: 1, proxies: 2, inForce: 1, rejected: 0, firstRejection: null };

describe('ReplicaReports', () => {
  it('asks only for what it does not have, and tells of changes alone', async () => {
    const { clock, pages, asked, reports, page, changes } = harness();
    pages.set('10.0.0.2', page('x.1', { 'MeshConfig default': counts }));
    reports.start();
    await clock.advanceAsync(0);
    pages.set('10.0.0.2', page('x.1', null));
    await clock.advanceAsync(3_000);
    expect(asked).toEqual([
      'http://10.0.0.2:15014/acknowledged',
      ...Array.from({ length: 3 }, () => 'http://10.0.0.2:15014/acknowledged?revision=x.1'),
    ]);
    expect(reports.reports.map(({ objects }) => [...objects])).toEqual([[['MeshConfig default', counts]]]);
    expect(changes()).toBe(1);
    reports.stop();
    expect(clock.pendingTasks).toBe(0);
  });

  it('is complete when each replica has answered, or has not, and says so', async () => {
    const { clock, pages, replicas, reports, page, changes } = harness();
    pages.set('10.0.0.2', page('x.1', {}));
    replicas.push({ name: 'c', host: '10.0.0.3', port: 15_014 });
    reports.start();
    expect([reports.isComplete, changes()]).toEqual([false, 0]);
    await clock.advanceAsync(0);
    expect([reports.isComplete, changes()]).toEqual([true, 2]);
    pages.set('10.0.0.2', page('x.1', null));
    replicas.push({ name: 'd', host: '10.0.0.4', port: 15_014 });
    await clock.advanceAsync(1_000);
    expect([reports.isComplete, changes()]).toEqual([true, 3]);
    reports.stop();
  });

  it('names one that does not answer after a while, and takes it back when it does', async () => {
    const { clock, pages, reports, page, changes } = harness();
    pages.set('10.0.0.2', page('x.1', { 'MeshConfig default': counts }));
    reports.start();
    await clock.advanceAsync(1_000);
    pages.delete('10.0.0.2');
    await clock.advanceAsync(4_000);
    expect([reports.silent, reports.reports.length]).toEqual([[], 1]);
    await clock.advanceAsync(14_000);
    expect([reports.silent, reports.reports.length, changes()]).toEqual([['b'], 0, 3]);
    expect([reports.silentOf('MeshConfig default'), reports.silentOf('HTTPRoute shop/a 0')]).toEqual([
      ['b'],
      [],
    ]);
    pages.set('10.0.0.2', page('y.1', {}));
    await clock.advanceAsync(1_000);
    expect([reports.silent, reports.reports.length, changes()]).toEqual([[], 1, 4]);
    reports.stop();
  });

  it('counts an answer that cannot be read as none', async () => {
    const { clock, pages, reports } = harness();
    pages.set('10.0.0.2', '{"replica":"b"}');
    reports.start();
    await clock.advanceAsync(17_000);
    expect([reports.silent, reports.silentOf('MeshConfig default')]).toEqual([['b'], ['b']]);
    reports.stop();
  });

  it('forgets a replica that is gone', async () => {
    const { clock, pages, replicas, reports, page, changes } = harness();
    pages.set('10.0.0.2', page('x.1', {}));
    reports.start();
    await clock.advanceAsync(0);
    replicas.pop();
    await clock.advanceAsync(1_000);
    expect([reports.reports, reports.silent, changes()]).toEqual([[], [], 2]);
    reports.stop();
  });
});
