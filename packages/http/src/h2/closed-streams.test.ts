import { describe, expect, it } from 'vitest';
import { ClosedStreams, RESET_BY_PEER, RESET_BY_US } from './closed-streams.ts';

describe('ClosedStreams (RFC 9113 section 5.1)', () => {
  it('remembers who reset a stream, for as many as any peer has open, and then forgets', () => {
    const closed = new ClosedStreams();
    closed.add(1, RESET_BY_US);
    closed.add(3, RESET_BY_PEER);
    for (let i = 0; i < 2048; i++) closed.add(101 + 2 * i, RESET_BY_US);
    expect([closed.get(1), closed.get(3), closed.get(5)]).toEqual([RESET_BY_US, RESET_BY_PEER, undefined]);
    for (let i = 0; i < 4096; i++) closed.add(10_001 + 2 * i, RESET_BY_US);
    expect([closed.get(1), closed.get(3)]).toEqual([undefined, undefined]);
    expect(closed.get(10_001 + 2 * 4095)).toBe(RESET_BY_US);
  });

  it('knows ids that were skipped', () => {
    const closed = new ClosedStreams();
    closed.skip(3, 9);
    expect([1, 3, 5, 7, 9].map((id) => closed.wasSkipped(id))).toEqual([false, true, true, true, false]);
  });
});
