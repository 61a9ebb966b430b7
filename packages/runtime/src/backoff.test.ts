import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from './backoff.ts';

const options = { baseMs: 100, maxMs: 5_000 };
const least = () => 0;
const most = () => 0.999_999;

describe('backoffDelayMs', () => {
  it('doubles up to the limit, half of it by chance', () => {
    expect([0, 1, 2, 3].map((attempt) => backoffDelayMs(attempt, options, least))).toEqual([
      50, 100, 200, 400,
    ]);
    expect([0, 1, 2].map((attempt) => Math.round(backoffDelayMs(attempt, options, most)))).toEqual([
      100, 200, 400,
    ]);
  });

  it('stays within the limit for ever', () => {
    for (const attempt of [6, 31, 1_000, Number.MAX_SAFE_INTEGER]) {
      expect(backoffDelayMs(attempt, options, least)).toBe(2_500);
      expect(backoffDelayMs(attempt, options, most)).toBeLessThanOrEqual(5_000);
    }
  });
});
