import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { Poller, type PollerOptions } from './poller.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function pollerOf(options: Partial<PollerOptions> = {}) {
  const failures: unknown[] = [];
  let readings = 0;
  const poller = new Poller({
    name: 'test',
    clock: systemClock,
    read: async () => void readings++,
    onFailed: (thrown) => failures.push(thrown),
    intervalMs: () => 1_000,
    ...options,
  });
  return { poller, failures, readings: () => readings };
}

test('it has read once when it has started, and reads again after each interval', async () => {
  const { poller, readings } = pollerOf();
  await poller.start();
  expect(readings()).toBe(1);
  await vi.advanceTimersByTimeAsync(999);
  expect(readings()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(readings()).toBe(3);
});

test('a reading that fails is told of, and does not end it', async () => {
  const failure = new Error('no file');
  const { poller, failures } = pollerOf({ read: () => Promise.reject(failure) });
  await poller.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(failures).toEqual([failure, failure]);
});

test('after each reading it is asked how soon the next one is', async () => {
  const intervals = [10, 5_000];
  const { poller, readings } = pollerOf({ intervalMs: () => intervals.shift() ?? 5_000 });
  await poller.start();
  await vi.advanceTimersByTimeAsync(10);
  expect(readings()).toBe(2);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(readings()).toBe(2);
});

test('once it has stopped nothing is read, whatever was under way', async () => {
  let finish = () => {};
  let readings = 0;
  const { poller } = pollerOf({
    read: () => {
      readings++;
      return readings === 1 ? Promise.resolve() : new Promise((resolve) => (finish = resolve));
    },
  });
  await poller.start();
  await vi.advanceTimersByTimeAsync(1_000);
  await poller.stop();
  finish();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(readings).toBe(2);
});
