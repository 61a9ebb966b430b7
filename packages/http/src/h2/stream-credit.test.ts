import { afterEach, describe, expect, it } from 'vitest';
import { defaultH2Limits } from '../exchange/limits.ts';
import { memoryAccount } from '../transport/memory-account.ts';
import type { FrameWriter } from './frame-writer.ts';
import { H2Stream, type StreamLink } from './h2-stream.ts';
import { ReceiveWindow } from './receive-window.ts';
import { StreamCredit } from './stream-credit.ts';

const WINDOW = 100_000;
const MAX = 400_000;
const before = { ...memoryAccount };

class Stream extends H2Stream {
  readonly events = null;
  protected readonly canSendBody = false;
}

function subject() {
  const given: number[] = [];
  const writer = {
    windowUpdate: (id: number, bytes: number) => void (id !== 0 && given.push(bytes)),
  } as unknown as FrameWriter;
  const limits = { ...defaultH2Limits, streamWindowBytes: WINDOW, maxStreamWindowBytes: MAX };
  const credit = new StreamCredit(limits, new ReceiveWindow(10 * MAX, writer), writer);
  const stream = new Stream({ credit, nowMs: () => 0 } as unknown as StreamLink);
  stream.begin(0);
  stream.id = 1;
  credit.open(stream);
  const receive = (bytes: number) => {
    stream.receiveWindow -= bytes;
    credit.delivered(stream, bytes);
  };
  return { credit, stream, given, receive };
}

afterEach(() => void Object.assign(memoryAccount, before));

describe('StreamCredit (RFC 9113 section 6.9)', () => {
  it('doubles the window, to its limit, of a stream whose reader keeps up', () => {
    const { stream, given, receive } = subject();
    for (let i = 0; i < 40; i++) receive(10_000);
    expect(given).toEqual([150_000, 300_000, 200_000]);
    expect(memoryAccount.grownWindowBytes).toBe(MAX - WINDOW);
    expect(stream.receiveWindow + stream.owedBytes).toBe(MAX);
  });

  it('does not grow it for what fits anyway', () => {
    const { stream, given, receive } = subject();
    stream.missingBytes = 30_000;
    receive(60_000);
    expect(given).toEqual([60_000]);
  });

  it('gives a paused stream nothing, and takes back what it grew by and has not granted', () => {
    const { stream, given, receive } = subject();
    receive(50_000);
    expect([given.splice(0), stream.grownBytes]).toEqual([[150_000], 100_000]);
    stream.pause();
    receive(150_000);
    expect(given).toEqual([]);
    stream.resume();
    expect(memoryAccount.grownWindowBytes).toBe(0);
    expect([given, stream.receiveWindow]).toEqual([[50_000], 100_000]);
  });

  it('grows no further than all streams of the process may together, and gives back what an ended one had', () => {
    memoryAccount.maxGrownWindowBytes = 150_000;
    const [one, other] = [subject(), subject()];
    one.receive(50_000);
    other.receive(50_000);
    expect([one.stream.grownBytes, other.stream.grownBytes]).toEqual([100_000, 0]);
    one.credit.forget(one.stream);
    other.receive(50_000);
    expect(other.stream.grownBytes).toBe(100_000);
  });

  it('keeps 64 KB under way while memory is tight, and no less, so that nothing stands still', () => {
    const { stream, given, receive } = subject();
    memoryAccount.tightCount = 1;
    receive(60_000);
    expect(given).toEqual([]);
    for (let i = 0; i < 20; i++) {
      receive(10_000);
      expect(stream.receiveWindow).toBeLessThanOrEqual(65_537);
      expect(stream.receiveWindow).toBeGreaterThanOrEqual(10_000);
    }
    memoryAccount.tightCount = 0;
    receive(10_000);
    expect(stream.receiveWindow + stream.owedBytes).toBeGreaterThanOrEqual(WINDOW);
  });
});
