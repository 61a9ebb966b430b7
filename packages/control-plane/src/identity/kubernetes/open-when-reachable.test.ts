import { createLogger, TulleError } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { openWhenReachable } from './open-when-reachable.ts';

const away = new TulleError('AWAY', 'the API server cannot be reached', {
  source: 'upstream',
  isRetryable: true,
});

describe('openWhenReachable', () => {
  /** Each wait is over at once, and time has passed. */
  const setUp = () => {
    const log: string[] = [];
    const clock = new FakeClock();
    const impatient = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      schedule(delayMs: number, task: () => void) {
        clock.advance(delayMs);
        queueMicrotask(task);
        return () => {};
      },
    };
    const logger = createLogger({ level: 'debug', write: (line) => log.push(JSON.parse(line).reason) });
    return { log, clock, options: { clock: impatient, random: () => 0.5, logger } };
  };

  it('waits for an API server that is away, and says so', async () => {
    const { log, options } = setUp();
    let attempts = 0;
    const opened = await openWhenReachable(async () => {
      attempts++;
      if (attempts < 4) throw away;
      return 'authority';
    }, options);
    expect([opened, attempts]).toEqual(['authority', 4]);
    expect(log).toEqual([away.message, away.message, away.message]);
  });

  it('gives up after five minutes, with what was wrong', async () => {
    const { clock, options } = setUp();
    const startMs = clock.monotonicMs();
    await expect(openWhenReachable(() => Promise.reject(away), options)).rejects.toBe(away);
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(300_000);
    expect(clock.monotonicMs() - startMs).toBeLessThan(310_000);
  });

  it('does not wait where waiting does not help', async () => {
    const { log, options } = setUp();
    const foreign = new TulleError('AUTHORITY_STATE', 'the Secret is foreign', { source: 'config' });
    await expect(openWhenReachable(() => Promise.reject(foreign), options)).rejects.toBe(foreign);
    expect(log).toEqual([]);
  });
});
