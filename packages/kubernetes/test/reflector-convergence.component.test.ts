import { eventually, FakeApiServer, FakeStatus } from '@tulle/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceleratedClock, configMap, configMaps, type Subject, startReflector } from './harness.ts';

/** What happens to objects, to connections, and to what the API server still knows, in any order. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put' as const), name: fc.nat(5), value: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), name: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'settle' as const }) },
  fc.constantFrom(
    { kind: 'end' as const },
    { kind: 'cut' as const },
    { kind: 'reset' as const },
    { kind: 'hold' as const },
    { kind: 'expire' as const },
    { kind: 'bookmark' as const },
    { kind: 'compact' as const },
    { kind: 'restart' as const },
    { kind: 'plan' as const, fault: { kind: 'reset' as const } },
    { kind: 'plan' as const, fault: { kind: 'half-answer' as const } },
    { kind: 'plan' as const, fault: { kind: 'status' as const, status: 410 } },
    {
      kind: 'plan' as const,
      fault: { kind: 'status' as const, status: 429, headers: { 'retry-after': '1' } },
    },
    { kind: 'plan' as const, fault: { kind: 'status' as const, status: 503 } },
  ),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const watchLists = fc.constantFrom('served' as const, 'refused' as const);

/** Lets the reflector catch up, or gives it up soon: what it does not get to do now it has to do later. */
async function settle(fake: FakeApiServer, subject: Subject): Promise<void> {
  const endMs = performance.now() + 100;
  while (performance.now() < endMs && subject.values().join() !== storedValues(fake).join()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function take(fake: FakeApiServer, subject: Subject, one: Step): Promise<void> {
  switch (one.kind) {
    case 'put':
      fake.put(configMaps, configMap(`c${one.name}`, `v${one.value}`));
      return;
    case 'remove': {
      const ref = { namespace: 'default', name: `c${one.name}` };
      if (storedValues(fake).some((line) => line.startsWith(`default/${ref.name}=`)))
        fake.store.remove(configMaps, ref);
      return;
    }
    case 'settle':
      return settle(fake, subject);
    case 'expire':
      for (const watch of fake.watches)
        watch.fail(new FakeStatus(410, 'Expired', 'too old resource version'));
      return;
    case 'compact':
      fake.store.compact();
      return;
    case 'restart':
      await fake.kill();
      return fake.listen();
    case 'plan':
      fake.plan(one.fault);
      return;
    default:
      for (const watch of fake.watches) watch[one.kind]();
  }
}

/** Whatever an index says, a look through all objects says too. */
function expectIndexAsScanned({ reflector, byValue }: Subject): void {
  const scanned = new Map<string, Map<string, { readonly value: string }>>();
  for (const [key, object] of reflector.objects) {
    scanned.set(object.value, (scanned.get(object.value) ?? new Map()).set(key, object));
  }
  for (const value of ['v0', 'v1', 'v2', 'v3']) {
    expect(new Map(byValue.of(value))).toEqual(scanned.get(value) ?? new Map());
  }
}

function storedValues(fake: FakeApiServer): readonly string[] {
  const { objects } = fake.store.collection('/api/v1/configmaps');
  return [...objects].map(([key, { data }]) => `${key}=${(data as { value: string }).value}`).sort();
}

test('whatever changes and fails in whatever order, the cache ends as the API server is', {
  timeout: 60_000,
}, async () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, watchLists, async (taken, watchList) => {
      await using fake = await FakeApiServer.start({ serves: [configMaps], watchList });
      // So fast that a back-off is a moment, and two minutes of silence are too.
      await using subject = await startReflector(fake, { clock: acceleratedClock(600) });
      // As the real one does each minute: only a watch that is dead is silent.
      const bookmarks = setInterval(() => {
        for (const watch of fake.watches) watch.bookmark();
      }, 30);
      using _ = { [Symbol.dispose]: () => clearInterval(bookmarks) };
      const told = new Map<string, string>();
      subject.reflector.onChange((keys) => {
        for (const key of keys) {
          const value = subject.reflector.objects.get(key)?.value;
          if (value === undefined) told.delete(key);
          else told.set(key, value);
        }
      });
      for (const one of taken) {
        await take(fake, subject, one);
        expectIndexAsScanned(subject);
      }
      fake.clearFaults();
      await eventually(() => expect(subject.values()).toEqual(storedValues(fake)), { intervalMs: 2 });
      expectIndexAsScanned(subject);
      // Whoever only listens has the same.
      await eventually(() =>
        expect([...told].map(([key, value]) => `${key}=${value}`).sort()).toEqual(storedValues(fake)),
      );
    }),
    { numRuns: 60 },
  );
});
