import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { TokenBucket } from './token-bucket.ts';

it('lets a burst through, then so many a second, and no more than a burst after a quiet time', () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const bucket = new TokenBucket({ burst: 3, perSecond: 2, clock });
  const taken = () => [1, 2, 3, 4].map(() => bucket.take());
  expect(taken()).toEqual([true, true, true, false]);
  nowMs += 499;
  expect(bucket.hasToken()).toBe(false);
  nowMs += 1;
  expect([bucket.hasToken(), bucket.hasToken(), bucket.take(), bucket.take()]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  nowMs += 3_600_000;
  expect(taken()).toEqual([true, true, true, false]);
});
