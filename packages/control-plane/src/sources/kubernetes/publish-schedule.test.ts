import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { PublishSchedule } from './publish-schedule.ts';

describe('PublishSchedule', () => {
  it('leaves twice the time that a step took to everything else', () => {
    const clock = new FakeClock();
    const startsMs: number[] = [];
    const schedule = new PublishSchedule(clock, () => {
      startsMs.push(clock.monotonicMs());
      // The step takes 100 ms of the loop.
      clock.advance(100);
    });
    for (let i = 0; i < 1_000; i++) {
      schedule.poke();
      clock.advance(1);
    }
    const gaps = startsMs.slice(1).map((startMs, index) => startMs - startsMs[index]!);
    expect(startsMs.length).toBeGreaterThan(2);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(300);
  });

  it('holds a lone change up for a quarter of a second at most, however long the step before it took', () => {
    const clock = new FakeClock();
    const startsMs: number[] = [];
    const schedule = new PublishSchedule(clock, () => {
      startsMs.push(clock.monotonicMs());
      // The first translation of a large mesh.
      if (startsMs.length === 1) clock.advance(1_400);
    });
    schedule.poke();
    clock.advance(5 + 1_400);
    const changedMs = clock.monotonicMs();
    schedule.poke();
    clock.advance(2_000);
    expect(startsMs).toHaveLength(2);
    expect(startsMs[1]! - changedMs).toBeLessThanOrEqual(250);
    // Some rest there is: whoever waited during the long step is served before the next one.
    expect(startsMs[1]! - changedMs).toBeGreaterThanOrEqual(200);
  });

  it('goes on after a step that failed', () => {
    const clock = new FakeClock();
    let steps = 0;
    const schedule = new PublishSchedule(clock, () => {
      steps++;
      if (steps === 1) throw new Error('once');
    });
    schedule.poke();
    expect(() => clock.advance(5)).toThrow('once');
    schedule.poke();
    clock.advance(5);
    expect(steps).toBe(2);
  });
});
