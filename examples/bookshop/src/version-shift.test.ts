import { describe, expect, it } from 'vitest';
import { changePointMs, fitsWeight, splitOf, type VersionSample } from './version-shift.ts';

/** A repeatable stand-in for chance (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function samplesWithChangeAt(changeMs: number, random: () => number): VersionSample[] {
  return Array.from({ length: 1_200 }, (_, index) => {
    const atMs = index * 5;
    return { atMs, version: random() < (atMs < changeMs ? 0.1 : 0.5) ? 'v2' : 'v1' };
  });
}

describe('changePointMs', () => {
  it('finds the moment of the change from the answers alone', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const samples = samplesWithChangeAt(400, randomFrom(seed));
      const found = changePointMs(samples, 'v2', { before: 0.1, after: 0.5 });
      expect(found, `seed ${seed}`).toBeGreaterThan(250);
      expect(found, `seed ${seed}`).toBeLessThan(550);
    }
  });

  it('says null where nothing changed', () => {
    const samples = Array.from({ length: 100 }, (_, atMs) => ({ atMs, version: 'v1' }));
    expect(changePointMs(samples, 'v2', { before: 0.1, after: 0.5 })).toBeNull();
  });
});

describe('splitOf and fitsWeight', () => {
  it('gives the shares by version', () => {
    const samples = ['v1', 'v2', 'v1', 'v1'].map((version, atMs) => ({ atMs, version }));
    expect(splitOf(samples)).toEqual({ v1: 0.75, v2: 0.25 });
  });

  it('allows chance its part, and no more', () => {
    expect(fitsWeight(0.13, 0.1, 1_000)).toBe(true);
    expect(fitsWeight(0.2, 0.1, 1_000)).toBe(false);
    expect(fitsWeight(0.1, 0.5, 1_000)).toBe(false);
  });
});
