import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

function taken(limit: RateLimit, nowMs: number): number {
  let count = 0;
  while (limit.take(nowMs)) count++;
  return count;
}

describe('RateLimit', () => {
  it('allows its burst at once, and as much a second, never more at once', () => {
    const limit = new RateLimit(100, 0);
    expect([taken(limit, 0), taken(limit, 0), taken(limit, 250), taken(limit, 60_000)]).toEqual([
      100, 0, 25, 100,
    ]);
  });

  it('gives nothing for a clock that goes back', () => {
    const limit = new RateLimit(10, 1000);
    expect([taken(limit, 1000), taken(limit, 0), taken(limit, 1000)]).toEqual([10, 0, 0]);
  });
});
