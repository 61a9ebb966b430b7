import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

describe('RateLimiter', () => {
  it('gives each key its burst, then its rate', () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter({ perSecond: 2, burst: 3, maxKeys: 10, clock });
    const taken = () => [1, 2, 3, 4].map(() => limiter.take('a'));
    expect(taken()).toEqual([true, true, true, false]);
    expect(limiter.take('b')).toBe(true);
    clock.advance(1_000);
    expect(taken()).toEqual([true, true, false, false]);
    clock.advance(3_600_000);
    expect(taken()).toEqual([true, true, true, false]);
  });

  it('remembers a bounded number of keys, those used last', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1, maxKeys: 2, clock: new FakeClock() });
    expect([limiter.take('a'), limiter.take('b'), limiter.take('a'), limiter.take('c')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect([limiter.take('a'), limiter.take('b')]).toEqual([false, true]);
  });
});
