import { expect, it } from 'vitest';
import { seededRandom } from './seeded-random.ts';

it('repeats itself for the same seed, stays in [0, 1) and spreads evenly', () => {
  const [a, b, other] = [seededRandom(7), seededRandom(7), seededRandom(8)];
  const values = Array.from({ length: 10_000 }, a);
  expect(values.slice(0, 100)).toEqual(Array.from({ length: 100 }, b));
  expect(values.slice(0, 100)).not.toEqual(Array.from({ length: 100 }, other));
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean).toBeCloseTo(0.5, 1);
});
