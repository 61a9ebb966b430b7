import { memoryAccount } from '@tulle/http';
import { MetricsRegistry } from '@tulle/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { OverloadGuard } from './overload-guard.ts';
import { OverloadMetrics } from './overload-metrics.ts';

const MEGABYTE = 2 ** 20;
const before = { ...memoryAccount };
const calm = { hasStalled: () => false };
const stalled = { hasStalled: () => true };

afterEach(() => void Object.assign(memoryAccount, before));

function setUp() {
  const registry = new MetricsRegistry();
  const memory = { rssBytes: 0, heapUsedBytes: 0, heapLimitBytes: 1_000 };
  const guard = new OverloadGuard({
    limits: { maxRequests: 100, maxBufferedBytes: 10 * MEGABYTE, memoryLimitBytes: 1_000 },
    metrics: new OverloadMetrics(registry),
    readMemory: () => memory,
  });
  guard.underWay = 50;
  let nowMs = 0;
  const sweep = () => {
    nowMs += 250;
    guard.onSweep(nowMs);
  };
  const shed = () =>
    registry
      .render()
      .split('\n')
      .filter((line) => /^tulle_overload_shed_total.* [1-9]/.test(line))
      .map((line) => /reason="(\w+)"/.exec(line)![1]);
  return { guard, memory, sweep, shed, registry };
}

describe('OverloadGuard', () => {
  it('sheds what is above the bound for requests', () => {
    const { guard, shed } = setUp();
    guard.underWay = 100;
    expect(guard.admits(calm)).toBe(true);
    guard.underWay = 101;
    expect([guard.admits(calm), shed()]).toEqual([false, ['requests']]);
  });

  it('gives connections that have exchanges stalled no new ones once half of the buffers is used', () => {
    const { guard, shed } = setUp();
    memoryAccount.bufferedBytes = 5 * MEGABYTE - 1;
    expect([guard.admits(stalled), guard.isPressed]).toEqual([true, false]);
    memoryAccount.bufferedBytes = 5 * MEGABYTE;
    expect([guard.admits(calm), guard.admits(stalled), guard.isPressed]).toEqual([true, false, true]);
    expect(memoryAccount.tightCount).toBe(before.tightCount + 1);
    expect(shed()).toEqual(['buffers']);
  });

  it('sheds all at the bound for buffers, and is itself again once it has gone', () => {
    const { guard, sweep } = setUp();
    memoryAccount.bufferedBytes = 10 * MEGABYTE;
    expect([guard.admits(calm), guard.isFullOf('buffers')]).toEqual([false, true]);
    expect(guard.patienceMs(1_000)).toBe(200);
    memoryAccount.bufferedBytes = 4.5 * MEGABYTE;
    sweep();
    expect(guard.patienceMs(1_000)).toBe(1_000);
    expect([guard.admits(stalled), guard.isPressed]).toEqual([true, true]);
    memoryAccount.bufferedBytes = 3 * MEGABYTE;
    sweep();
    expect([guard.isPressed, memoryAccount.tightCount]).toEqual([false, before.tightCount]);
    expect(guard.patienceMs(1_000)).toBeNull();
  });

  it.each([
    ['memory', 'rssBytes'],
    ['heap', 'heapUsedBytes'],
  ] as const)('sheds, and takes no connections, while %s is nearly used up', (reason, figure) => {
    const { guard, memory, sweep, shed } = setUp();
    memory[figure] = 899;
    sweep();
    expect([guard.admits(calm), guard.acceptsConnection(1_000)]).toEqual([true, true]);
    memory[figure] = 900;
    sweep();
    expect([guard.admits(calm), guard.acceptsConnection(1_000), guard.isPressed]).toEqual([
      false,
      false,
      true,
    ]);
    memory[figure] = 860;
    sweep();
    expect(guard.admits(calm)).toBe(false);
    memory[figure] = 840;
    sweep();
    expect([guard.admits(calm), guard.acceptsConnection(1_000), guard.isPressed]).toEqual([
      true,
      true,
      false,
    ]);
    expect(shed()).toEqual([reason]);
  });

  it('always serves a few at a time, so that memory which the allocator keeps does not shut it for good', () => {
    const { guard, memory, sweep } = setUp();
    memory.rssBytes = 2_000;
    sweep();
    guard.underWay = 16;
    expect(guard.admits(stalled)).toBe(true);
    guard.underWay = 17;
    expect(guard.admits(calm)).toBe(false);
    expect([guard.acceptsConnection(63), guard.acceptsConnection(64)]).toEqual([true, false]);
  });

  it('tells what it does', () => {
    const { guard, memory, sweep, registry } = setUp();
    memory.rssBytes = 950;
    memoryAccount.bufferedBytes = 123;
    sweep();
    guard.admits(calm);
    const text = registry.render();
    for (const line of [
      'tulle_overload_state{reason="memory"} 1',
      'tulle_overload_state{reason="buffers"} 0',
      'tulle_overload_pressure 1',
      'tulle_overload_shed_total{reason="memory"} 1',
      'tulle_buffered_bytes 123',
      'tulle_requests_under_way 50',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('says no more that memory is tight once it is stopped', () => {
    const { guard, memory, sweep } = setUp();
    memory.rssBytes = 950;
    sweep();
    guard.stop();
    expect(memoryAccount.tightCount).toBe(before.tightCount);
  });
});
