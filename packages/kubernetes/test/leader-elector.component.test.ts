import { silentLogger } from '@tulle/runtime';
import { eventually, FakeApiServer, FakeClock, seededRandom } from '@tulle/testkit';
import { expect, test } from 'vitest';
import { LeaderElector } from '../src/index.ts';
import { clientOf, leases } from './harness.ts';

function candidate(fake: FakeApiServer, identity: string, clock: FakeClock) {
  const client = clientOf(fake, clock);
  const common = { client, clock, random: seededRandom(1), logger: silentLogger };
  const elector = new LeaderElector({ ...common, namespace: 'tulle-system', name: 'test', identity });
  const told: boolean[] = [];
  elector.onChange((isLeader) => told.push(isLeader));
  return { elector, told, clock, close: () => client.close() };
}

const lease = (fake: FakeApiServer) =>
  fake.store.get(leases, { namespace: 'tulle-system', name: 'test' }).spec as Record<string, unknown>;

/** Moves time on second by second, and lets what is under way come in between. */
async function pass(seconds: number, clocks: readonly FakeClock[]): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    for (const clock of clocks) clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Lets so much time pass as it takes; it is to happen within minutes. */
async function passUntil(isSo: () => boolean, clocks: readonly FakeClock[]): Promise<void> {
  for (let second = 0; second < 300 && !isSo(); second++) await pass(1, clocks);
  expect(isSo()).toBe(true);
}

test('one leads, and the other when that one has stopped, without waiting for the end of its lease', async () => {
  await using fake = await FakeApiServer.start({ serves: [leases] });
  const clock = new FakeClock();
  const [a, b] = [candidate(fake, 'a', clock), candidate(fake, 'b', clock)];
  await a.elector.start();
  await eventually(() => expect(a.elector.isLeader).toBe(true));
  await b.elector.start();
  await eventually(() => expect(b.elector.holder).toBe('a'));
  expect(b.elector.isLeader).toBe(false);
  await a.elector.stop(1_000);
  expect(lease(fake).holderIdentity).toBe('');
  await passUntil(() => b.elector.isLeader, [clock]);
  expect(a.told).toEqual([true, false]);
  expect(b.told).toEqual([true]);
  expect(lease(fake).leaseTransitions).toBe(1);
  await b.elector.stop(1_000);
  a.close();
  b.close();
  expect(clock.pendingTasks).toBe(0);
});

test('a leader that is cut off steps down before another may lead', async () => {
  await using fake = await FakeApiServer.start({ serves: [leases] });
  const [ownClock, otherClock] = [new FakeClock(), new FakeClock()];
  const a = candidate(fake, 'a', ownClock);
  await a.elector.start();
  await eventually(() => expect(a.elector.isLeader).toBe(true));
  await fake.kill();
  await pass(9, [ownClock]);
  expect(a.elector.isLeader).toBe(true);
  ownClock.advance(1_000);
  expect(a.elector.isLeader).toBe(false);
  expect(a.told).toEqual([true, false]);
  await fake.listen();
  const b = candidate(fake, 'b', otherClock);
  await b.elector.start();
  await eventually(() => expect(b.elector.holder).toBe('a'));
  await pass(13, [otherClock]);
  expect(b.elector.isLeader).toBe(false);
  await passUntil(() => b.elector.isLeader, [otherClock]);
  await a.elector.stop(0);
  await b.elector.stop(1_000);
  a.close();
  b.close();
});

test("another's clock, hours ahead or behind, does not count", async () => {
  await using fake = await FakeApiServer.start({ serves: [leases] });
  const [ownClock, otherClock] = [new FakeClock(), new FakeClock(Date.UTC(2027, 0, 1))];
  const [a, b] = [candidate(fake, 'a', ownClock), candidate(fake, 'b', otherClock)];
  await a.elector.start();
  await eventually(() => expect(a.elector.isLeader).toBe(true));
  await b.elector.start();
  await pass(30, [ownClock, otherClock]);
  expect([a.elector.isLeader, b.elector.isLeader]).toEqual([true, false]);
  await b.elector.stop(0);
  await a.elector.stop(1_000);
  a.close();
  b.close();
});

test('a process that had no turn for long does not lead on the strength of an old renewal', async () => {
  await using fake = await FakeApiServer.start({ serves: [leases] });
  const clock = new FakeClock();
  const a = candidate(fake, 'a', clock);
  await a.elector.start();
  await eventually(() => expect(a.elector.isLeader).toBe(true));
  const told = new Promise<boolean>((resolve) => clock.schedule(10_000, () => resolve(a.elector.isLeader)));
  clock.advance(10_000);
  expect(await told).toBe(false);
  await passUntil(() => a.elector.isLeader, [clock]);
  await a.elector.stop(1_000);
  a.close();
});

test('one request that hangs does not cost the lead', async () => {
  await using fake = await FakeApiServer.start({ serves: [leases] });
  const clock = new FakeClock();
  const a = candidate(fake, 'a', clock);
  await a.elector.start();
  await eventually(() => expect(a.elector.isLeader).toBe(true));
  fake.plan({ kind: 'hang' });
  await eventually(() => expect(clock.pendingTasks).toBeGreaterThan(0));
  await passUntil(() => fake.requests.filter(({ method }) => method === 'PUT').length >= 2, [clock]);
  // Time stands still until that one is answered: on a busy machine seconds would go by on the way.
  await eventually(() => expect(lease(fake).renewTime).not.toBe(lease(fake).acquireTime));
  expect(a.told).toEqual([true]);
  await a.elector.stop(1_000);
  a.close();
});

test('a stop keeps to its deadline where the lease cannot be given back', async () => {
  await using fake = await FakeApiServer.start({ serves: [leases] });
  const clock = new FakeClock();
  const a = candidate(fake, 'a', clock);
  await a.elector.start();
  await eventually(() => expect(a.elector.isLeader).toBe(true));
  fake.plan({ kind: 'hang' }, { count: 100 });
  let isStopped = false;
  const stopped = a.elector.stop(4_000).then(() => (isStopped = true));
  await pass(4, [clock]);
  await eventually(() => expect(isStopped).toBe(true));
  await stopped;
  expect(a.told).toEqual([true, false]);
  a.close();
});
