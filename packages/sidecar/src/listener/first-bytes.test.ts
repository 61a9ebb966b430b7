import type { Transport } from '@tulle/http';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { FirstBytes } from './first-bytes.ts';

function setUp(waitMs = 100) {
  const clock = new FakeClock();
  const events: string[] = [];
  const transport = {} as Transport;
  const owner = {
    onDecided: ({ kind }: { kind: string }, buffer: Buffer, start: number, end: number) =>
      void events.push(`${kind} ${buffer.toString('latin1', start, end)}`),
    onSilence: () => void events.push('silence'),
    onGone: () => void events.push('gone'),
  };
  const firstBytes = new FirstBytes(transport, owner, { clock, waitMs });
  const receive = (text: string) => {
    const buffer = Buffer.from(text, 'latin1');
    firstBytes.onData(buffer, 0, buffer.length);
    buffer.fill(0);
  };
  return { clock, events, firstBytes, receive };
}

describe('FirstBytes', () => {
  it('decides by the first read, where that is enough', () => {
    const { events, receive, clock } = setUp();
    receive('GET / HTTP/1.1\r\n');
    clock.advance(1_000);
    expect(events).toEqual(['http GET / HTTP/1.1\r\n']);
  });

  it('gives all that came, in however many reads', () => {
    const { events, receive } = setUp();
    for (const part of ['GE', 'T / HT', 'TP/1.1\r', '\nhost']) receive(part);
    expect(events).toEqual(['http GET / HTTP/1.1\r\nhost']);
  });

  it('tells of silence once, and goes on watching', () => {
    const { events, receive, clock } = setUp();
    clock.advance(99);
    expect(events).toEqual([]);
    clock.advance(1);
    expect(events).toEqual(['silence']);
    clock.advance(10_000);
    receive('GET / HTTP/1.1\r\n');
    expect(events).toEqual(['silence', 'http GET / HTTP/1.1\r\n']);
  });

  it('takes what has begun for what it looks like, when nothing follows in time', () => {
    const http = setUp();
    http.receive('GET /never-ending');
    http.clock.advance(2_999);
    expect(http.events).toEqual([]);
    http.clock.advance(1);
    expect(http.events).toEqual(['http GET /never-ending']);
    const other = setUp();
    other.receive('\x16\x03');
    other.clock.advance(3_000);
    expect(other.events).toEqual(['opaque \x16\x03']);
  });

  it('takes a half-close without a first line for bytes', () => {
    const { events, firstBytes, receive } = setUp();
    receive('GET');
    firstBytes.onEnd();
    expect(events).toEqual(['opaque GET']);
    expect(firstBytes.hasEnded).toBe(true);
  });

  it('is silent once it was taken over', () => {
    const { events, firstBytes, receive, clock } = setUp();
    receive('GET');
    expect(firstBytes.takeOver().toString()).toBe('GET');
    clock.advance(1_000);
    receive(' / HTTP/1.1\r\n');
    firstBytes.onClose(null);
    expect(events).toEqual([]);
  });
});
