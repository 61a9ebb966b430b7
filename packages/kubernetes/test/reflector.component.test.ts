import { createLogger, MetricsRegistry } from '@tulle/runtime';
import { eventually, FakeApiServer, type FakeApiServerOptions, FakeStatus, metricSum } from '@tulle/testkit';
import { describe, expect, test } from 'vitest';
import {
  acceleratedClock,
  configMap,
  configMaps,
  httpRoutes,
  notingDelays,
  startReflector,
} from './harness.ts';

const isList = ({ query, method }: { query: URLSearchParams; method: string }) =>
  method === 'GET' && !query.has('watch');
const isWatch = ({ query }: { query: URLSearchParams }) => query.has('watch');

async function startFake(options: FakeApiServerOptions & { readonly count?: number } = {}) {
  const fake = await FakeApiServer.start({ serves: [configMaps], ...options });
  for (let i = 0; i < (options.count ?? 2); i++) fake.put(configMaps, configMap(`c${i}`, 'old'));
  return fake;
}

describe.each(['served', 'refused', 'ignored'] as const)('a reflector where WatchList is %s', (watchList) => {
  test('has everything at the sync, and tells of it once', async () => {
    await using fake = await startFake({ watchList });
    await using subject = await startReflector(fake);
    expect(await subject.reflector.synced(600_000)).toBe(true);
    expect(subject.values()).toEqual(['default/c0=old', 'default/c1=old']);
    await eventually(() => expect(subject.changes).toEqual([['default/c0', 'default/c1']]));
    await eventually(() => expect(subject.reflector.state.kind).toBe('watching'));
  });

  test('follows what is created, changed and deleted', async () => {
    await using fake = await startFake({ watchList });
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    await eventually(() => expect(subject.changes).toHaveLength(1));
    fake.put(configMaps, configMap('c2', 'new'));
    fake.put(configMaps, configMap('c0', 'new'));
    fake.store.remove(configMaps, { namespace: 'default', name: 'c1' });
    await eventually(() => expect(subject.values()).toEqual(['default/c0=new', 'default/c2=new']));
  });

  test('after 410 replaces what it has by what there is, and tells only the difference', async () => {
    await using fake = await startFake({ watchList, count: 3 });
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    await eventually(() => expect(subject.changes).toHaveLength(1));
    const kept = subject.reflector.objects.get('default/c0');
    const port = fake.url.port;
    await fake.kill();
    fake.put(configMaps, configMap('c1', 'new'));
    fake.store.remove(configMaps, { namespace: 'default', name: 'c2' });
    fake.store.compact();
    await fake.listen();
    expect(fake.url.port).toBe(port);
    await eventually(() => expect(subject.values()).toEqual(['default/c0=old', 'default/c1=new']));
    await eventually(() => expect(subject.changes.slice(1)).toEqual([['default/c1', 'default/c2']]));
    expect(subject.reflector.objects.get('default/c0')).toBe(kept);
  });

  test('takes 410 as a status as it takes it in the stream', async () => {
    await using fake = await startFake({ watchList });
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    fake.plan(
      { kind: 'status', status: 410 },
      { concerns: ({ query }) => query.has('resourceVersion') && isWatch({ query }) },
    );
    for (const watch of fake.watches) watch.end();
    fake.put(configMaps, configMap('c2', 'new'));
    await eventually(() => expect(subject.values()).toContain('default/c2=new'));
  });
});

describe('a reflector whose API server fails', () => {
  test('keeps what it has, says since when and why, and comes back by itself', async () => {
    await using fake = await startFake();
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    await fake.kill();
    await eventually(() =>
      expect(subject.reflector.state).toMatchObject({
        kind: 'retrying',
        reason: expect.stringContaining('ECONN'),
      }),
    );
    expect(subject.reflector.hasSynced).toBe(true);
    expect(subject.values()).toHaveLength(2);
    fake.put(configMaps, configMap('c2', 'new'));
    await fake.listen();
    await eventually(() => expect(subject.values()).toContain('default/c2=new'));
    expect(subject.reflector.state.kind).toBe('watching');
    expect(subject.changes.flat().filter((key) => key === 'default/c0')).toHaveLength(1);
  });

  test.each(['cut', 'reset', 'end'] as const)('misses nothing when its watch meets: %s', async (how) => {
    await using fake = await startFake();
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    for (let round = 0; round < 5; round++) {
      await eventually(() => expect(fake.watches).toHaveLength(1));
      fake.put(configMaps, configMap('c0', `before ${round}`));
      for (const watch of fake.watches) watch[how]();
      fake.put(configMaps, configMap('c1', `after ${round}`));
      await eventually(() =>
        expect(subject.values()).toEqual([`default/c0=before ${round}`, `default/c1=after ${round}`]),
      );
    }
  });

  test('leaves a watch that is silent for two minutes, and asks for the whole state', async () => {
    await using fake = await startFake();
    const clock = acceleratedClock(100);
    await using subject = await startReflector(fake, { clock });
    await subject.reflector.synced(600_000);
    await eventually(() => expect(fake.watches).toHaveLength(1));
    const startMs = clock.monotonicMs();
    for (const watch of fake.watches) watch.hold();
    fake.put(configMaps, configMap('c2', 'new'));
    await eventually(() => expect(subject.values()).toContain('default/c2=new'));
    // Half a minute is for the whole state alone, with which this watch began.
    expect(clock.monotonicMs() - startMs).toBeGreaterThan(90_000);
    expect(
      metricSum(
        subject.metrics.render(),
        'tulle_kubernetes_reflector_restarts_total{resource="configmaps",reason="idle"}',
      ),
    ).toBe(1);
  });

  test('outlives a storm of 410, and asks ever less often', async () => {
    await using fake = await startFake();
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    const before = fake.requests.length;
    const resumes = ({ query }: { query: URLSearchParams }) =>
      isWatch({ query }) && query.has('resourceVersion');
    fake.plan({ kind: 'status', status: 410 }, { count: 1_000, concerns: resumes });
    const storm = setInterval(() => {
      for (const watch of fake.watches) watch.fail(new FakeStatus(410, 'Expired', 'too old'));
    }, 1);
    await eventually(() => expect(fake.requests.length - before).toBeGreaterThan(6));
    clearInterval(storm);
    fake.clearFaults();
    fake.put(configMaps, configMap('c2', 'new'));
    await eventually(() => expect(subject.values()).toContain('default/c2=new'));
    expect(fake.requests.length - before).toBeLessThan(40);
  });

  test('waits as long as the API server asks', async () => {
    await using fake = await startFake();
    fake.plan({ kind: 'status', status: 429, headers: { 'retry-after': '40' } });
    await using subject = await startReflector(fake);
    const startMs = performance.now();
    await subject.reflector.synced(120_000);
    // A hundred times as fast.
    expect(performance.now() - startMs).toBeGreaterThan(390);
    expect(fake.requests).toHaveLength(2);
  });

  test('reads a list anew that expires between its pages', async () => {
    await using fake = await startFake({ watchList: 'refused', count: 1_200 });
    fake.plan(
      { kind: 'status', status: 410 },
      { concerns: (request) => isList(request) && request.query.has('continue') },
    );
    await using subject = await startReflector(fake);
    expect(await subject.reflector.synced(600_000)).toBe(true);
    expect(subject.reflector.objects.size).toBe(1_200);
  });

  test.each([{ kind: 'half-answer' }, { kind: 'reset' }, { kind: 'hang' }] as const)(
    'reads a list anew that meets: $kind',
    async (fault) => {
      await using fake = await startFake({ watchList: 'refused' });
      fake.plan(fault, { concerns: isList });
      await using subject = await startReflector(fake);
      expect(await subject.reflector.synced(600_000)).toBe(true);
      expect(subject.values()).toHaveLength(2);
    },
  );

  test('asks for the whole state where errors of the stream come again at the same place', async () => {
    await using fake = await startFake();
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    const broken = `${JSON.stringify({ type: 'ERROR', object: new FakeStatus(500, 'InternalError', 'cannot decode').body })}\n`;
    const resumes = ({ query }: { query: URLSearchParams }) =>
      query.has('resourceVersion') && isWatch({ query });
    fake.plan({ kind: 'status', status: 200, body: broken }, { count: 1_000, concerns: resumes });
    for (const watch of fake.watches) watch.end();
    fake.put(configMaps, configMap('c2', 'new'));
    await eventually(() => expect(subject.values()).toContain('default/c2=new'));
  });

  test('asks for the whole state where its version is not taken for one', async () => {
    await using fake = await startFake();
    await using subject = await startReflector(fake);
    await subject.reflector.synced(600_000);
    await eventually(() => expect(fake.watches).toHaveLength(1));
    const resumes = ({ query }: { query: URLSearchParams }) =>
      query.has('resourceVersion') && isWatch({ query });
    fake.plan({ kind: 'status', status: 400 }, { count: 1_000, concerns: resumes });
    for (const watch of fake.watches) watch.end();
    fake.put(configMaps, configMap('c2', 'new'));
    await eventually(() => expect(subject.values()).toContain('default/c2=new'));
  });

  test('counts an API server that takes requests and answers none as failing again and again', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = createLogger({ level: 'info', write: (line) => lines.push(JSON.parse(line)) });
    await using fake = await startFake();
    fake.plan({ kind: 'hang' }, { count: 3 });
    await using subject = await startReflector(fake, { logger });
    expect(await subject.reflector.synced(600_000)).toBe(true);
    expect(lines.flatMap(({ failures }) => failures ?? [])).toEqual([1, 2, 3]);
  });

  test('a stop does not wait until a page of a list may be asked for again', async () => {
    await using fake = await startFake({ watchList: 'refused' });
    const retryAfter = { 'retry-after': '50' };
    fake.plan({ kind: 'status', status: 429, headers: retryAfter }, { count: 100, concerns: isList });
    const clock = notingDelays(acceleratedClock(1));
    const subject = await startReflector(fake, { clock });
    await eventually(() => expect(clock.delaysMs).toContain(50_000));
    await subject[Symbol.asyncDispose]();
    expect(clock.monotonicMs()).toBeLessThan(25_000);
    expect(subject.reflector.state.kind).toBe('stopped');
  });

  test('a stop ends it at once, in the middle of a back-off too', async () => {
    await using fake = await startFake();
    fake.plan({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
    const subject = await startReflector(fake);
    await eventually(() => expect(subject.reflector.state.kind).toBe('retrying'));
    await subject[Symbol.asyncDispose]();
    expect(subject.reflector.state.kind).toBe('stopped');
    expect(await subject.reflector.synced(1)).toBe(false);
  });
});

describe('a reflector of what may be absent', () => {
  const route = { metadata: { namespace: 'default', name: 'r' }, data: { value: 'new' } };

  test('has synced with nothing, and notices when it appears and vanishes', async () => {
    await using fake = await FakeApiServer.start({ serves: [configMaps] });
    await using subject = await startReflector(fake, { type: httpRoutes, isOptional: true });
    expect(await subject.reflector.synced(600_000)).toBe(true);
    expect(subject.reflector.state.kind).toBe('absent');
    await eventually(() => expect(subject.changes).toEqual([[]]));
    fake.store.serve(httpRoutes);
    fake.put(httpRoutes, route);
    await eventually(() => expect(subject.values()).toEqual(['default/r=new']));
    fake.unserve(httpRoutes);
    await eventually(() => expect(subject.reflector.state.kind).toBe('absent'));
    expect(subject.values()).toEqual([]);
    fake.store.serve(httpRoutes);
    fake.put(httpRoutes, route);
    await eventually(() => expect(subject.values()).toEqual(['default/r=new']));
  });

  test('stops at once while nothing says whether it is there', async () => {
    await using fake = await FakeApiServer.start({ serves: [configMaps] });
    const isDiscovery = ({ path }: { path: string }) => path === '/apis/gateway.networking.k8s.io/v1';
    fake.plan({ kind: 'hang' }, { count: 100, concerns: isDiscovery });
    const clock = acceleratedClock(1);
    const subject = await startReflector(fake, { clock, type: httpRoutes, isOptional: true });
    await eventually(() => expect(fake.requests.some(isDiscovery)).toBe(true));
    await subject[Symbol.asyncDispose]();
    expect(clock.monotonicMs()).toBeLessThan(8_000);
  });

  test('is not taken for absent on a 404 alone', async () => {
    await using fake = await FakeApiServer.start({ serves: [httpRoutes] });
    fake.put(httpRoutes, route);
    await using subject = await startReflector(fake, { type: httpRoutes, isOptional: true });
    await subject.reflector.synced(600_000);
    await eventually(() => expect(fake.watches).toHaveLength(1));
    fake.plan({ kind: 'status', status: 404 }, { count: 2, concerns: isWatch });
    for (const watch of fake.watches) watch.end();
    await eventually(() => expect(fake.requests.filter(isWatch).length).toBeGreaterThanOrEqual(4));
    await eventually(() => expect(subject.reflector.state.kind).toBe('watching'));
    expect(subject.changes).toEqual([['default/r']]);
  });

  test('is no matter of patience where it is needed: it retries', async () => {
    await using fake = await FakeApiServer.start();
    await using subject = await startReflector(fake);
    await eventually(() => expect(subject.reflector.state.kind).toBe('retrying'));
    expect(subject.reflector.hasSynced).toBe(false);
    fake.store.serve(configMaps);
    expect(await subject.reflector.synced(600_000)).toBe(true);
  });
});

test('reflectors of a part each of one resource have metrics of their own', async () => {
  await using fake = await startFake();
  const metrics = new MetricsRegistry();
  const namespace = 'default';
  await using a = await startReflector(fake, { metrics, namespace, fieldSelector: 'metadata.name=c0' });
  await using b = await startReflector(fake, { metrics, namespace, fieldSelector: 'metadata.name=c1' });
  for (const { reflector } of [a, b]) await reflector.synced(600_000);
  const synced = (name: string) =>
    `tulle_kubernetes_reflector_synced{resource="configmaps/default?metadata.name=${name}"} 1`;
  expect(metrics.render()).toContain(synced('c0'));
  expect(metrics.render()).toContain(synced('c1'));
});
