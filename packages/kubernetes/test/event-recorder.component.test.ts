import { type Clock, MetricsRegistry, silentLogger } from '@tulle/runtime';
import { eventually, FakeApiServer, FakeClock, metricSum } from '@tulle/testkit';
import { expect, test } from 'vitest';
import { type EventInit, EventRecorder } from '../src/index.ts';
import { clientOf, events } from './harness.ts';

const regarding = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'shop', name: 'c', uid: 'u' },
};
const refused: EventInit = { regarding, type: 'Warning', reason: 'Refused', action: 'Translate', note: 'no' };

function recorderOf(fake: FakeApiServer, clock: Clock) {
  const metrics = new MetricsRegistry();
  const client = clientOf(fake, clock);
  const names = { reportingController: 'tulle.dev/test', reportingInstance: 'pod-1' };
  const recorder = new EventRecorder({ client, ...names, clock, logger: silentLogger, metrics });
  return { recorder, metrics, [Symbol.dispose]: () => client.close() };
}

const stored = (fake: FakeApiServer) => [
  ...fake.store.collection('/apis/events.k8s.io/v1/events').objects.values(),
];
const writes = (fake: FakeApiServer) => fake.requests.map(({ method }) => method);

test('an event says what happened to what, and who saw it', async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  using subject = recorderOf(fake, new FakeClock());
  subject.recorder.record(refused);
  await eventually(() => expect(stored(fake)).toHaveLength(1));
  expect(stored(fake)[0]).toMatchObject({
    metadata: { namespace: 'shop' },
    type: 'Warning',
    reason: 'Refused',
    action: 'Translate',
    note: 'no',
    regarding: { kind: 'ConfigMap', name: 'c', namespace: 'shop', uid: 'u' },
    reportingController: 'tulle.dev/test',
    reportingInstance: 'pod-1',
    eventTime: '2026-01-01T00:00:00.000000Z',
  });
});

test("an event's name is one, however long its object's is", async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  using subject = recorderOf(fake, new FakeClock());
  const name = `${'a'.repeat(228)}-.-${'b'.repeat(20)}`;
  const metadata = { ...regarding.metadata, name };
  subject.recorder.record({ ...refused, regarding: { ...regarding, metadata } });
  await eventually(() => expect(stored(fake)).toHaveLength(1));
  expect(stored(fake)[0]!.metadata.name).toMatch(/^a{228}\.[0-9a-f]+$/);
});

test('the same again is counted in one event, written once a minute', async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  const clock = new FakeClock();
  using subject = recorderOf(fake, clock);
  for (let i = 0; i < 100; i++) subject.recorder.record(refused);
  await eventually(() => expect(stored(fake)).toHaveLength(1));
  await eventually(() =>
    expect(metricSum(subject.metrics.render(), 'tulle_kubernetes_events_total')).toBe(1),
  );
  clock.advance(60_000);
  await eventually(() => expect(stored(fake)[0]).toMatchObject({ series: { count: 100 } }));
  expect(writes(fake)).toEqual(['POST', 'PATCH']);
});

test('what has not happened for long is a new event when it happens again', async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  const clock = new FakeClock();
  using subject = recorderOf(fake, clock);
  subject.recorder.record(refused);
  await eventually(() => expect(stored(fake)).toHaveLength(1));
  clock.advance(10 * 60_000);
  subject.recorder.record(refused);
  await eventually(() => expect(stored(fake)).toHaveLength(2));
});

test('a series whose event the API server has forgotten begins a new one', async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  const clock = new FakeClock();
  using subject = recorderOf(fake, clock);
  subject.recorder.record(refused);
  await eventually(() =>
    expect(metricSum(subject.metrics.render(), 'tulle_kubernetes_events_total')).toBe(1),
  );
  fake.store.remove(events, stored(fake)[0]!.metadata);
  subject.recorder.record(refused);
  clock.advance(60_000);
  await eventually(() => expect(stored(fake)).toHaveLength(1));
});

test('a flood of different ones is cut off, and counted', async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  using subject = recorderOf(fake, new FakeClock());
  for (let i = 0; i < 500; i++) subject.recorder.record({ ...refused, note: `no ${i}` });
  await eventually(() => expect(stored(fake)).toHaveLength(50));
  const dropped = metricSum(subject.metrics.render(), 'tulle_kubernetes_events_total{result="dropped"}');
  expect(dropped).toBe(450);
});

test('an API server that refuses or is gone harms nobody', async () => {
  await using fake = await FakeApiServer.start({ serves: [events] });
  using subject = recorderOf(fake, new FakeClock());
  fake.plan({ kind: 'status', status: 403 });
  subject.recorder.record(refused);
  await fake.kill();
  subject.recorder.record({ ...refused, note: 'long '.repeat(1_000) });
  const failed = () => metricSum(subject.metrics.render(), 'tulle_kubernetes_events_total{result="failed"}');
  await eventually(() => expect(failed()).toBe(2));
});
