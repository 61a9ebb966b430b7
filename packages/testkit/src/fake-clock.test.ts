import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

describe('FakeClock', () => {
  it('runs what falls due in order, each at its own moment', () => {
    const clock = new FakeClock(1_000);
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name}@${clock.monotonicMs()}`);
    clock.schedule(20, note('b'));
    clock.schedule(10, () => {
      note('a')();
      clock.schedule(5, note('nested'));
    });
    clock.schedule(20, note('c'));
    clock.schedule(31, note('late'));
    clock.schedule(15, note('cancelled'))();
    clock.advance(30);
    expect(ran).toEqual(['a@10', 'nested@15', 'b@20', 'c@20']);
    expect(clock.nowMs()).toBe(1_030);
    expect(clock.pendingTasks).toBe(1);
  });

  it('lets promises settle between tasks when advanced asynchronously', async () => {
    const clock = new FakeClock();
    const ran: number[] = [];
    const again = async () => {
      await Promise.resolve();
      ran.push(clock.monotonicMs());
      clock.schedule(10, again);
    };
    clock.schedule(10, again);
    await clock.advanceAsync(35);
    expect(ran).toEqual([10, 20, 30]);
  });
});
