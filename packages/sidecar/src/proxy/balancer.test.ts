import { seededRandom } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { TwoChoices } from './balancer.ts';

const candidates = (...inFlight: number[]) => inFlight.map((count, index) => ({ index, inFlight: count }));

describe('TwoChoices', () => {
  it('picks nothing from nothing, and the only one there is', () => {
    const balancer = new TwoChoices(() => 0.5);
    expect(balancer.pick([])).toBeNull();
    expect(balancer.pick(candidates(7))).toMatchObject({ index: 0 });
  });

  it('compares two different ones and takes the less loaded', () => {
    const draws = [0, 0];
    const balancer = new TwoChoices(() => draws.shift()!);
    expect(balancer.pick(candidates(5, 1, 0))).toMatchObject({ index: 1 });
  });

  it('never picks the one that is more loaded than all others', () => {
    const balancer = new TwoChoices(seededRandom(1));
    for (let i = 0; i < 1_000; i++) expect(balancer.pick(candidates(0, 0, 9))!.index).not.toBe(2);
  });

  it('is uniform over equals', () => {
    const balancer = new TwoChoices(seededRandom(2));
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[balancer.pick(candidates(3, 3, 3, 3))!.index]!++;
    for (const count of counts) expect(Math.abs(count - 5_000)).toBeLessThan(250);
  });
});
