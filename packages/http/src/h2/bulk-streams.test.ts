import { describe, expect, it } from 'vitest';
import { BulkStreams } from './bulk-streams.ts';
import { H2Stream, type StreamLink } from './h2-stream.ts';
import { StreamTable } from './stream-table.ts';

const BULK = 1_000;

class Stream extends H2Stream {
  readonly events = null;
  protected readonly canSendBody = false;
}

function subject() {
  const time = { ms: 0 };
  const bulk = new BulkStreams(BULK);
  const streams = new StreamTable();
  const stream = new Stream({ nowMs: () => time.ms } as unknown as StreamLink);
  stream.begin(0);
  stream.id = 1;
  streams.add(stream);
  const sweepAt = (ms: number) => {
    time.ms = ms;
    bulk.onSweep(ms, streams);
  };
  return { bulk, stream, time, sweepAt };
}

describe('BulkStreams', () => {
  it('knows at once what says so, and forgets what ends', () => {
    const { bulk, stream } = subject();
    bulk.announced(stream, -1);
    bulk.announced(stream, BULK - 1);
    expect(bulk.count).toBe(0);
    bulk.announced(stream, BULK);
    bulk.announced(stream, BULK);
    expect(bulk.count).toBe(1);
    bulk.forget(stream);
    bulk.forget(stream);
    expect(bulk.count).toBe(0);
  });

  it('finds what moves much within a second', () => {
    const { bulk, stream } = subject();
    for (let i = 0; i < 9; i++) bulk.moved(stream, 100);
    expect(bulk.count).toBe(0);
    bulk.moved(stream, 100);
    expect(bulk.count).toBe(1);
  });

  it('takes a stream that moves a little for ever for none', () => {
    const { bulk, stream, time } = subject();
    for (; time.ms < 60_000; time.ms += 200) bulk.moved(stream, 100);
    expect(bulk.count).toBe(0);
  });

  it('takes a bulk stream that stands still for none, until it moves on', () => {
    const { bulk, stream, sweepAt } = subject();
    bulk.announced(stream, BULK);
    sweepAt(750);
    bulk.moved(stream, 500);
    sweepAt(1_000);
    expect(bulk.count).toBe(1);
    sweepAt(1_900);
    expect(bulk.count).toBe(1);
    sweepAt(2_000);
    expect(bulk.count).toBe(0);
    bulk.moved(stream, BULK);
    expect(bulk.count).toBe(1);
  });
});
