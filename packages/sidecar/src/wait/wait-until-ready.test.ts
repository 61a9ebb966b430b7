import { FakeClock } from '@tulle/testkit';
import { expect, test } from 'vitest';
import { waitUntilReady } from './wait-until-ready.ts';

test('ends as soon as it is ready', async () => {
  const clock = new FakeClock();
  const answers = ['starting', 'no certificate', null];
  const waiting = waitUntilReady({ ask: async () => answers.shift() ?? null, deadlineMs: 10_000, clock });
  await clock.advanceAsync(200);
  expect(await waiting).toBeNull();
  expect(answers).toEqual([]);
});

test('gives the last reason at its deadline', async () => {
  const clock = new FakeClock();
  const waiting = waitUntilReady({ ask: async () => 'no control plane', deadlineMs: 1_000, clock });
  await clock.advanceAsync(1_200);
  expect(await waiting).toBe('no control plane');
});
