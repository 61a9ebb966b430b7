import { seededRandom } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { CompiledBackend, CompiledRule } from '../config/mesh-view.ts';
import { pickBackend } from './pick-backend.ts';

function rule(...weights: number[]): CompiledRule {
  let total = 0;
  const backends: CompiledBackend[] = weights.map((weight, index) => {
    total += weight;
    return { cumulativeWeight: total, cluster: null, invalidReason: String(index) };
  });
  const match = { path: null, method: null, headers: [] };
  return { rule: { name: 'r', match, backends: [] }, matches: () => true, backends, totalWeight: total };
}

const picked = (of: CompiledRule, chance: number) => pickBackend(of, chance)?.invalidReason ?? null;

describe('pickBackend', () => {
  it.each([
    [[90, 10], 0, '0'],
    [[90, 10], 0.8999, '0'],
    [[90, 10], 0.9, '1'],
    [[90, 10], 0.999999, '1'],
    [[0, 1], 0, '1'],
    [[1, 0], 0.999999, '0'],
    [[0, 0], 0.5, null],
    [[], 0.5, null],
  ] as const)('weights %j at %d: %s', (weights, chance, expected) => {
    expect(picked(rule(...weights), chance)).toBe(expected);
  });

  it('splits as the weights say', () => {
    const random = seededRandom(3);
    const split = rule(90, 10);
    let first = 0;
    for (let i = 0; i < 20_000; i++) if (picked(split, random()) === '0') first++;
    expect(Math.abs(first - 18_000)).toBeLessThan(200);
  });
});
