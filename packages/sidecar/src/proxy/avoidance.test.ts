import { describe, expect, it } from 'vitest';
import { Avoidance } from './avoidance.ts';

/** Without jitter. */
const even = () => 0.5;

/** When a probe is admitted next, in steps of 100 ms. */
function nextProbeMs(avoidance: Avoidance, fromMs: number): number {
  let ms = fromMs;
  while (!avoidance.admitsProbe(ms)) ms += 100;
  return ms;
}

describe('Avoidance', () => {
  it('begins with the first failure, and admits one probe after a second', () => {
    const avoidance = new Avoidance(even);
    expect(avoidance.isAvoided).toBe(false);
    avoidance.onUnreachable(5_000);
    expect(avoidance.isAvoided).toBe(true);
    expect(avoidance.admitsProbe(5_999)).toBe(false);
    expect(avoidance.admitsProbe(6_000)).toBe(true);
    expect(avoidance.admitsProbe(6_001)).toBe(false);
    expect(avoidance.isAvoided).toBe(true);
  });

  it('doubles with each probe that fails, to half a minute', () => {
    const avoidance = new Avoidance(even);
    avoidance.onUnreachable(0);
    const waits: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 7; i++) {
      const probeMs = nextProbeMs(avoidance, nowMs);
      waits.push(probeMs - nowMs);
      nowMs = probeMs;
      avoidance.onUnreachable(nowMs);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('counts what fails together once', () => {
    const avoidance = new Avoidance(even);
    for (let i = 0; i < 50; i++) avoidance.onUnreachable(i);
    expect(nextProbeMs(avoidance, 0)).toBe(1_000);
  });

  it('ends with an answer to a request that began after the failure, and with no other', () => {
    const avoidance = new Avoidance(even);
    avoidance.onUnreachable(1_000);
    avoidance.onAnswer(900);
    expect(avoidance.isAvoided).toBe(true);
    avoidance.onAnswer(2_001);
    expect(avoidance.isAvoided).toBe(false);
    avoidance.onUnreachable(10_000);
    expect(nextProbeMs(avoidance, 10_000)).toBe(11_000);
  });

  it('admits another probe where nothing is heard of one', () => {
    const avoidance = new Avoidance(even);
    avoidance.onUnreachable(0);
    expect(nextProbeMs(avoidance, 0)).toBe(1_000);
    expect(nextProbeMs(avoidance, 1_000)).toBe(2_000);
  });

  it('is moved by up to a quarter either way', () => {
    const early = new Avoidance(() => 0);
    const late = new Avoidance(() => 0.999);
    early.onUnreachable(0);
    late.onUnreachable(0);
    expect(early.admitsProbe(750)).toBe(true);
    expect(late.admitsProbe(1_200)).toBe(false);
    expect(late.admitsProbe(1_250)).toBe(true);
  });
});
