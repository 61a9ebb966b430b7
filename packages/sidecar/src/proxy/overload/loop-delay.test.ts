import { describe, expect, it } from 'vitest';
import { LoopDelay } from './loop-delay.ts';

function sweeps(delay: LoopDelay, fromMs: number, everyMs: number, forMs: number): number {
  let nowMs = fromMs;
  while (nowMs < fromMs + forMs) {
    nowMs += everyMs;
    delay.onSweep(nowMs);
  }
  return nowMs;
}

const shedOf = (delay: LoopDelay, calls: number) =>
  Array.from({ length: calls }, () => delay.takes()).filter(Boolean).length;

describe('LoopDelay', () => {
  it('sheds nothing while sweeps come in time, nor for single late ones', () => {
    const delay = new LoopDelay();
    let nowMs = sweeps(delay, 0, 260, 5_000);
    for (let i = 0; i < 10; i++) {
      nowMs = sweeps(delay, nowMs, 2_000, 2_000);
      nowMs = sweeps(delay, nowMs, 250, 500);
    }
    expect([delay.share, shedOf(delay, 100)]).toEqual([0, 0]);
  });

  it('sheds a growing share, half at most, once every sweep is late for seconds, and recovers', () => {
    const delay = new LoopDelay();
    let nowMs = sweeps(delay, 0, 250, 1_000);
    nowMs = sweeps(delay, nowMs, 900, 4_500);
    expect(delay.share).toBe(0);
    nowMs = sweeps(delay, nowMs, 900, 2_700);
    expect(shedOf(delay, 100)).toBeGreaterThan(0);
    nowMs = sweeps(delay, nowMs, 900, 20_000);
    expect(delay.share).toBe(0.5);
    expect(shedOf(delay, 100)).toBe(50);
    sweeps(delay, nowMs, 250, 2_000);
    expect([delay.share, shedOf(delay, 100)]).toEqual([0, 0]);
  });

  it('takes a process that was stopped, or a clock that jumped, for no load', () => {
    const delay = new LoopDelay();
    sweeps(delay, 0, 60_000, 600_000);
    expect(delay.share).toBe(0);
  });
});
