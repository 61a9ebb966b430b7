import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { WorkQueue } from './work-queue.ts';

function queueOf({ concurrency = 1, maxKeys = 100 } = {}) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const work = (key: string) => {
    seen.push(key);
    return new Promise<void>((resolve) => {
      ends.push(resolve);
    });
  };
  const queue = new WorkQueue({ clock, concurrency, maxKeys, work });
  const end = async () => {
    ends.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, queue, seen, end };
}

describe('WorkQueue', () => {
  it('looks at a key once for all that came meanwhile, and never twice at a time', async () => {
    const { queue, seen, end } = queueOf({ concurrency: 2 });
    queue.add('a');
    queue.add('a');
    queue.add('a');
    queue.add('b');
    expect(seen).toEqual(['a', 'b']);
    await end();
    expect(seen).toEqual(['a', 'b', 'a']);
  });

  it('keeps to its concurrency', async () => {
    const { queue, seen, end } = queueOf({ concurrency: 1 });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(seen).toEqual(['a']);
    await end();
    expect(seen).toEqual(['a', 'b']);
    expect(queue.depth).toBe(2);
  });

  it('takes the soonest of several times, and at once what is added', () => {
    const { clock, queue, seen } = queueOf({ concurrency: 3 });
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 5_000);
    queue.addAfter('b', 5_000);
    queue.addAfter('b', 1_000);
    queue.addAfter('c', 60_000);
    queue.add('c');
    expect(seen).toEqual(['c']);
    clock.advance(1_000);
    expect(seen).toEqual(['c', 'a', 'b']);
    expect(clock.pendingTasks).toBe(0);
  });

  it('is bounded, and takes what it has already', () => {
    const { queue } = queueOf({ maxKeys: 2 });
    expect([queue.add('a'), queue.addAfter('b', 10), queue.add('c'), queue.add('b')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('drops what waits when it is stopped, and waits for what is in work', async () => {
    const { clock, queue, seen, end } = queueOf();
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    let isStopped = false;
    const stopped = queue.stop().then(() => {
      isStopped = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isStopped).toBe(false);
    await end();
    await stopped;
    clock.advance(1_000);
    expect([seen, queue.add('d'), queue.depth]).toEqual([['a'], false, 0]);
  });
});
