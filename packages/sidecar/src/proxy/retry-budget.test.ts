import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

function takeAll(budget: RetryBudget): number {
  let count = 0;
  while (budget.take()) count++;
  return count;
}

function request(budget: RetryBudget, count: number): void {
  for (let i = 0; i < count; i++) budget.onRequest();
}

describe('RetryBudget', () => {
  it('allows ten a second of its window, whatever the load', () => {
    expect(takeAll(new RetryBudget(0))).toBe(100);
  });

  it('allows a fifth of the requests beside', () => {
    const budget = new RetryBudget(0);
    request(budget, 1_000);
    expect(takeAll(budget)).toBe(300);
    request(budget, 5);
    expect(takeAll(budget)).toBe(1);
  });

  it('forgets what is older than ten seconds: requests, and retries', () => {
    const budget = new RetryBudget(0);
    request(budget, 1_000);
    expect(takeAll(budget)).toBe(300);
    for (let second = 1; second < 10; second++) budget.onSweep(second * 1_000);
    expect(takeAll(budget)).toBe(0);
    budget.onSweep(10_000);
    expect(takeAll(budget)).toBe(100);
  });

  it('keeps what is younger', () => {
    const budget = new RetryBudget(0);
    request(budget, 500);
    budget.onSweep(5_000);
    request(budget, 500);
    expect(takeAll(budget)).toBe(300);
    budget.onSweep(14_900);
    // The first half of the requests is forgotten; the retries were taken in the second.
    expect(takeAll(budget)).toBe(0);
    budget.onSweep(15_000);
    expect(takeAll(budget)).toBe(100);
  });

  it('is as new after a pause of any length', () => {
    const budget = new RetryBudget(0);
    request(budget, 1_000);
    takeAll(budget);
    budget.onSweep(1_000_000_000);
    expect(takeAll(budget)).toBe(100);
  });
});
