import { seededRandom } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { TwoChoices } from './balancer.ts';

const candidate = (index: number, inFlight: number, isAvoided = false, admitsProbe = () => false) => ({
  index,
  inFlight,
  isAvoided,
  admitsProbe,
});
const candidates = (...inFlight: number[]) => inFlight.map((count, index) => candidate(index, count));

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

  describe('with endpoints that could not be reached', () => {
    const counts = (list: ReturnType<typeof candidates>) => {
      const balancer = new TwoChoices(seededRandom(3));
      const picked = list.map(() => 0);
      for (let i = 0; i < 1_000; i++) picked[balancer.pick(list)!.index]!++;
      return picked;
    };

    it('passes them over, however idle they are', () => {
      const [dead, ...others] = counts([candidate(0, 0, true), candidate(1, 9), candidate(2, 9)]);
      expect(dead).toBe(0);
      for (const count of others) expect(count).toBeGreaterThan(400);
      expect(counts([candidate(0, 0, true), candidate(1, 0, true), candidate(2, 9)])).toEqual([0, 0, 1_000]);
    });

    it('takes them where there are only such', () => {
      expect(counts([candidate(0, 0, true)])).toEqual([1_000]);
      for (const count of counts([candidate(0, 1, true), candidate(1, 1, true), candidate(2, 1, true)])) {
        expect(count).toBeGreaterThan(250);
      }
    });

    it('lets one request try one that admits it', () => {
      let probes = 0;
      const dead = candidate(0, 0, true, () => probes++ === 0);
      expect(counts([dead, candidate(1, 5), candidate(2, 5)])[0]).toBe(1);
    });
  });

  describe('for a request that an endpoint has lost', () => {
    const balancer = new TwoChoices(seededRandom(4));

    it('picks the least loaded of the others', () => {
      const [one, other, ...rest] = candidates(0, 0, 3, 2);
      const list = [one!, other!, ...rest];
      expect(balancer.pickOther(list, one!, other!)).toMatchObject({ index: 3 });
      expect(balancer.pickOther(list, one!, null)).toMatchObject({ index: 1 });
    });

    it('picks one that is avoided only where there is no other, and none where there is none', () => {
      const lost = candidate(0, 0);
      const avoided = candidate(1, 0, true);
      expect(balancer.pickOther([lost, avoided, candidate(2, 9)], lost, null)).toMatchObject({ index: 2 });
      expect(balancer.pickOther([lost, avoided], lost, null)).toBe(avoided);
      expect(balancer.pickOther([lost], lost, null)).toBeNull();
      expect(balancer.pickOther([], lost, null)).toBeNull();
    });
  });
});
