import { describe, expect, it } from 'vitest';
import { WriteGate } from './write-gate.ts';

describe('WriteGate', () => {
  const timing = { countMs: 30_000, waningMs: 10_000, burst: 2, refillMs: 10_000 };

  it('lets news through at once, and another count only after a while', () => {
    const gate = new WriteGate(timing);
    expect(gate.delayMs('a', 'high', 0)).toBe(0);
    gate.wrote('a', 0);
    expect(gate.delayMs('a', 'count', 1_000)).toBe(29_000);
    expect(gate.delayMs('a', 'count', 30_000)).toBe(0);
    expect(gate.delayMs('b', 'count', 1_000)).toBe(30_000);
    expect(gate.delayMs('b', 'count', 31_000)).toBe(0);
  });

  it('tells that something is no longer in force only when it stays so', () => {
    const gate = new WriteGate(timing);
    expect(gate.delayMs('a', 'waning', 0)).toBe(10_000);
    gate.settled('a');
    expect(gate.delayMs('a', 'waning', 6_000)).toBe(10_000);
    expect(gate.delayMs('a', 'waning', 15_000)).toBe(1_000);
    expect(gate.delayMs('a', 'waning', 16_000)).toBe(0);
  });

  it('slows down an object that is written over and over', () => {
    const gate = new WriteGate(timing);
    gate.wrote('a', 0);
    gate.wrote('a', 0);
    expect(gate.delayMs('a', 'high', 1_000)).toBe(9_000);
    expect(gate.delayMs('b', 'high', 1_000)).toBe(0);
    expect(gate.delayMs('a', 'high', 10_000)).toBe(0);
    gate.wrote('a', 10_000);
    expect(gate.delayMs('a', 'high', 10_000)).toBe(10_000);
    expect(gate.delayMs('a', 'high', 60_000)).toBe(0);
  });
});
