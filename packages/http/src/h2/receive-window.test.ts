import { describe, expect, it } from 'vitest';
import type { FrameWriter } from './frame-writer.ts';
import { ReceiveWindow } from './receive-window.ts';

const TARGET = 1_000_000;

function subject() {
  const given: number[] = [];
  const writer = { windowUpdate: (_id: number, bytes: number) => given.push(bytes) };
  const window = new ReceiveWindow(TARGET, writer as unknown as FrameWriter);
  window.update();
  expect(given.splice(0), 'raised from the default').toEqual([TARGET - 65535]);
  return { window, given };
}

describe('ReceiveWindow (RFC 9113 section 6.9)', () => {
  it('gives credit back in batches of half a window', () => {
    const { window, given } = subject();
    for (let i = 0; i < 60; i++) {
      expect(window.take(10_000)).toBe(true);
      window.update();
    }
    expect(given).toEqual([500_000]);
  });

  it('refuses what exceeds it', () => {
    const { window } = subject();
    expect([window.take(TARGET), window.take(1)]).toEqual([true, false]);
  });

  it('never allows more than fits beside what is held, and gives it back once that is let go', () => {
    const { window, given } = subject();
    let received = 0;
    let credit = TARGET;
    while (credit >= 10_000) {
      window.take(10_000);
      window.hold(10_000);
      window.update();
      received += 10_000;
      credit = TARGET + given.reduce((sum, bytes) => sum + bytes, 0) - received;
      expect(credit + received).toBeLessThanOrEqual(TARGET);
    }
    expect(received).toBe(TARGET);
    window.letGo(received);
    expect(given).toEqual([TARGET]);
  });

  it('lets a stream that reads pass although others hold most of it', () => {
    const { window } = subject();
    window.take(900_000);
    window.hold(900_000);
    window.update();
    for (let i = 0; i < 100; i++) {
      expect(window.take(40_000)).toBe(true);
      window.update();
    }
  });

  it('is crowded once paused streams hold a quarter, until they let go', () => {
    const { window } = subject();
    window.take(TARGET / 4 + 1);
    window.hold(TARGET / 4);
    expect(window.isCrowded).toBe(false);
    window.hold(1);
    expect(window.isCrowded).toBe(true);
    window.letGo(1);
    expect(window.isCrowded).toBe(false);
  });
});
