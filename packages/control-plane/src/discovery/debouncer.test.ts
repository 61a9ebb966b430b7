import { FakeClock } from '@tulle/testkit';
import { expect, test } from 'vitest';
import { Debouncer } from './debouncer.ts';

function debouncing() {
  const clock = new FakeClock();
  const runs: { atMs: number; firstMs: number }[] = [];
  const debouncer = new Debouncer(clock, { quietMs: 20, maxMs: 250 }, (firstMs) =>
    runs.push({ atMs: clock.monotonicMs(), firstMs }),
  );
  return { clock, runs, debouncer };
}

test('runs once, when it has been quiet for long enough', () => {
  const { clock, runs, debouncer } = debouncing();
  debouncer.poke();
  clock.advance(15);
  debouncer.poke();
  clock.advance(19);
  expect(runs).toEqual([]);
  clock.advance(1);
  expect(runs).toEqual([{ atMs: 35, firstMs: 0 }]);
  clock.advance(1_000);
  expect(runs).toHaveLength(1);
});

test('runs at the latest after the maximum, though it is never quiet', () => {
  const { clock, runs, debouncer } = debouncing();
  for (let ms = 0; ms < 600; ms += 10) {
    debouncer.poke();
    clock.advance(10);
  }
  expect(runs.map(({ atMs }) => atMs)).toEqual([250, 500]);
});

test('one timer serves a burst, and none is left after it or after a cancel', () => {
  const { clock, runs, debouncer } = debouncing();
  for (let index = 0; index < 100; index++) debouncer.poke();
  expect(clock.pendingTasks).toBe(1);
  clock.advance(20);
  expect(clock.pendingTasks).toBe(0);
  debouncer.poke();
  debouncer.cancel();
  expect(clock.pendingTasks).toBe(0);
  clock.advance(1_000);
  expect(runs).toHaveLength(1);
});
