import { describe, expect, it } from 'vitest';
import { type Phase, Tally } from './tally.ts';

describe('the books of a load', () => {
  it('account for each request: answered, failed for a reason, or still open', () => {
    const tally = new Tally();
    tally.sent = 5;
    tally.answered('before', { application: 'one', latencyMs: 3, order: null });
    tally.answered('before', { application: 'two', latencyMs: 4, order: 17 });
    tally.failed({ atMs: 10, method: 'GET', path: '/', reason: 'connect_failed' });
    tally.failed({ atMs: 11, method: 'POST', path: '/', reason: 'connect_failed' });
    expect(tally.open).toBe(1);
    expect(tally.outcome()).toMatchObject({
      sent: 5,
      answered: 2,
      failed: 2,
      byReason: { connect_failed: 2 },
      byApplication: { one: 1, two: 1 },
      answeredOrders: [17],
    });
  });

  it('tell the 99th percentile of each phase by nearest rank', () => {
    const tally = new Tally();
    const answered = (phase: Phase, latencyMs: number) =>
      tally.answered(phase, { application: 'one', latencyMs, order: null });
    for (let ms = 1; ms <= 200; ms++) answered('before', ms);
    answered('during', 7);
    expect(tally.outcome().p99Ms).toEqual({ before: 198, during: 7, after: 0 });
  });
});
