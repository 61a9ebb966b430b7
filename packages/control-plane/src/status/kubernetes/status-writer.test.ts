import { KubernetesError, type ObjectInit, type RawObject } from '@tulle/kubernetes';
import { createLogger, MetricsRegistry } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { DesiredCondition, DesiredStatus } from '../desired-status.ts';
import { type PresentObject, presentObject } from './present-statuses.ts';
import { createStatusMetrics } from './status-metrics.ts';
import { StatusWriter } from './status-writer.ts';

const parentRef = { group: '', kind: 'Service', name: 'catalog' };
const name = 'HTTPRoute shop/catalog';

function conditions(extra: Partial<DesiredCondition> = {}): readonly DesiredCondition[] {
  const observedGeneration = 1;
  return [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration },
    {
      type: 'tulle.dev/Programmed',
      status: 'True',
      reason: 'Programmed',
      message: '1 of 1',
      observedGeneration,
      ...extra,
    },
  ];
}

const routeSaying = (extra?: Partial<DesiredCondition>, generation = 1): DesiredStatus => ({
  kind: 'HTTPRoute',
  namespace: 'shop',
  name: 'catalog',
  generation,
  parents: [{ parentRef, conditions: conditions(extra) }],
});

/** One route in an API server that counts, conflicts and fails as it is told to, and a watch that lags behind. */
function harness() {
  const clock = new FakeClock();
  const metrics = new MetricsRegistry();
  const server: { stored: RawObject | null; version: number } = { stored: null, version: 1 };
  const store = (status: unknown, generation = 1) => {
    const metadata = {
      namespace: 'shop',
      name: 'catalog',
      uid: 'u',
      generation,
      resourceVersion: `${server.version++}`,
    };
    server.stored = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, status };
    return server.stored;
  };
  let seen: PresentObject | undefined = presentObject('HTTPRoute', store({}));
  const state = { isLeader: true, desired: routeSaying() as DesiredStatus | undefined, failing: 0 };
  const writes: unknown[] = [];
  const events: string[] = [];
  const log: string[] = [];
  const client = {
    get: async () => server.stored,
    replace: async (_type: unknown, object: RawObject) => {
      if (state.failing-- > 0) throw new KubernetesError('no', { status: 503, reason: 'ServiceUnavailable' });
      if (server.stored === null) throw new KubernetesError('gone', { status: 404, reason: 'NotFound' });
      if (object.metadata.resourceVersion !== server.stored.metadata.resourceVersion)
        throw new KubernetesError('changed', { status: 409, reason: 'Conflict' });
      writes.push(object.status);
      return store(object.status, server.stored.metadata.generation);
    },
    apply: async (_type: unknown, _object: ObjectInit) => Promise.reject(new Error('a route is not applied')),
  };
  const writer = new StatusWriter({
    client,
    present: {
      get: () => seen,
      told: () => seen,
      wrote: (object) => {
        seen = object;
      },
    },
    desiredOf: () => state.desired,
    isLeader: () => state.isLeader,
    onFault: (_object, { reason }) => events.push(reason),
    clock,
    random: () => 0,
    logger: createLogger({ level: 'info', write: (line) => log.push(JSON.parse(line).msg) }),
    metrics: createStatusMetrics(metrics),
    timing: { countMs: 30_000, waningMs: 10_000, burst: 5, refillMs: 10_000 },
  });
  const watch = () => {
    seen = server.stored === null ? undefined : presentObject('HTTPRoute', server.stored);
  };
  const look = async () => {
    writer.look([name]);
    await clock.advanceAsync(0);
    await clock.advanceAsync(0);
  };
  const metric = (line: string) =>
    metrics
      .render()
      .split('\n')
      .find((text) => text.startsWith(line));
  return { clock, server, store, state, writes, events, log, writer, watch, look, metric };
}

describe('StatusWriter', () => {
  it('writes what differs once, and nothing however often it looks again', async () => {
    const { look, writes, metric } = harness();
    for (let i = 0; i < 20; i++) await look();
    expect(writes).toHaveLength(1);
    expect(metric('tulle_status_skipped_total')).toBe('tulle_status_skipped_total{kind="HTTPRoute"} 19');
    expect(metric('tulle_status_queue_depth')).toBe('tulle_status_queue_depth 0');
  });

  it('writes nothing while another leads', async () => {
    const { look, state, writes } = harness();
    state.isLeader = false;
    await look();
    expect(writes).toEqual([]);
  });

  it('writes what it could not while its lead was in doubt for a moment', async () => {
    const { clock, look, state, writes } = harness();
    state.isLeader = false;
    await look();
    state.isLeader = true;
    await clock.advanceAsync(1_000);
    expect(writes).toHaveLength(1);
  });

  it('says nothing of a full queue when it stops in the middle of a write that fails', async () => {
    const { clock, look, state, writer, log } = harness();
    state.failing = 1;
    writer.look([name]);
    await writer.stop();
    await look();
    expect(log).toEqual(['status cannot be written']);
    expect(clock.pendingTasks).toBe(0);
  });

  it.each([0, 2])('writes nothing of generation %i where the object has 1', async (generation) => {
    const { look, state, writes } = harness();
    state.desired = routeSaying({}, generation);
    await look();
    expect(writes).toEqual([]);
  });

  it("keeps the other controller's entry where that one writes at the same moment", async () => {
    const { look, store, writes, metric } = harness();
    const foreign = { controllerName: 'example.com/other', parentRef: { name: 'gateway' }, conditions: [] };
    store({ parents: [foreign] });
    await look();
    expect(writes).toMatchObject([{ parents: [foreign, { controllerName: 'tulle.dev/mesh-controller' }] }]);
    expect(metric('tulle_status_conflicts_total')).toBe('tulle_status_conflicts_total{kind="HTTPRoute"} 1');
  });

  it('gives way where the conflict shows a later generation or nothing', async () => {
    const { look, store, server, writes } = harness();
    store({}, 2);
    await look();
    server.stored = null;
    await look();
    expect(writes).toEqual([]);
  });

  it('tries again what failed, later each time', async () => {
    const { clock, look, state, writes, metric } = harness();
    state.failing = 2;
    await look();
    expect(writes).toEqual([]);
    await clock.advanceAsync(250);
    expect(writes).toEqual([]);
    await clock.advanceAsync(500);
    expect(writes).toHaveLength(1);
    expect(metric('tulle_status_failures_total')).toBe('tulle_status_failures_total{kind="HTTPRoute"} 2');
    expect(clock.pendingTasks).toBe(0);
  });

  it('tells of another count of proxies at most twice a minute, the last of them', async () => {
    const { clock, look, state, writes } = harness();
    await look();
    for (let second = 1; second <= 60; second++) {
      state.desired = routeSaying({ message: `${second} of ${second}` });
      await look();
      await clock.advanceAsync(1_000);
    }
    await clock.advanceAsync(30_000);
    expect(writes).toHaveLength(3);
    expect(writes.at(-1)).toMatchObject({ parents: [{ conditions: [{}, { message: '60 of 60' }] }] });
  });

  it('does not tell of what was out of force for a moment', async () => {
    const { clock, look, state, writes } = harness();
    await look();
    const pending = { status: 'False', reason: 'Pending', message: '0 of 1' } as const;
    state.desired = routeSaying(pending);
    await look();
    await clock.advanceAsync(5_000);
    state.desired = routeSaying();
    await look();
    await clock.advanceAsync(60_000);
    expect(writes).toHaveLength(1);
    state.desired = routeSaying(pending);
    await look();
    await clock.advanceAsync(10_000);
    expect(writes).toHaveLength(2);
  });

  it('tells of a rejection at once, with one Event for the turn to the worse', async () => {
    const { look, state, writes, events } = harness();
    await look();
    state.desired = routeSaying({ status: 'False', reason: 'Rejected', message: 'rejected by 1' });
    await look();
    state.desired = routeSaying({ status: 'False', reason: 'Rejected', message: 'rejected by 2' });
    await look();
    expect(writes).toHaveLength(2);
    expect(events).toEqual(['RejectedByProxy']);
  });

  it('slows down where somebody undoes what it writes', async () => {
    const { clock, look, store, watch, writes } = harness();
    for (let second = 0; second < 60; second++) {
      store({});
      watch();
      await look();
      await clock.advanceAsync(1_000);
    }
    expect(writes.length).toBeGreaterThan(5);
    expect(writes.length).toBeLessThanOrEqual(11);
  });

  it('drops an object that is deleted, and leaves no timer when it stops', async () => {
    const { clock, look, server, state, writes, writer, watch } = harness();
    state.failing = 1;
    await look();
    server.stored = null;
    watch();
    await look();
    await clock.advanceAsync(1_000);
    expect([writes, clock.pendingTasks]).toEqual([[], 0]);
    await writer.stop();
    await look();
    expect(writes).toEqual([]);
  });
});
