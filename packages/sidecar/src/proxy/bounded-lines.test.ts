import { describe, expect, it } from 'vitest';
import { BoundedLines } from './bounded-lines.ts';

/** A reader that takes when the test says so. */
class Reader {
  readonly scheduled: (() => void)[] = [];
  readonly lines: BoundedLines;
  text = '';
  dropped = 0;
  #pending: { bytes: Buffer; done: (error: Error | null, written: number) => void } | null = null;

  constructor(maxWaitingBytes: number) {
    this.lines = new BoundedLines({
      maxWaitingBytes,
      write: (bytes, done) => {
        this.#pending = { bytes, done };
      },
      onDropped: () => this.dropped++,
      schedule: (_delayMs, task) => this.scheduled.push(task),
    });
  }

  get isAsked(): boolean {
    return this.#pending !== null;
  }

  async asked(): Promise<void> {
    while (!this.isAsked) await new Promise((resolve) => setImmediate(resolve));
  }

  take(count = Number.POSITIVE_INFINITY): void {
    const { bytes, done } = this.#pending!;
    this.#pending = null;
    this.text += bytes.subarray(0, count).toString();
    done(null, Math.min(count, bytes.length));
  }

  refuse(code: string): void {
    const { done } = this.#pending!;
    this.#pending = null;
    done(Object.assign(new Error(code), { code }), 0);
  }
}

describe('BoundedLines', () => {
  it('writes the lines of one turn together, and those that come meanwhile after them', async () => {
    const reader = new Reader(1_000);
    reader.lines.write('one\n');
    reader.lines.write('two\n');
    await reader.asked();
    reader.lines.write('three\n');
    reader.take(5);
    reader.take();
    expect(reader.text).toBe('one\ntwo\n');
    await reader.asked();
    const flushed = reader.lines.flush();
    reader.take();
    await flushed;
    expect(reader.text).toBe('one\ntwo\nthree\n');
    await reader.lines.flush();
  });

  it('drops and counts whole lines while the reader is slow, and goes on afterwards', async () => {
    const reader = new Reader(10);
    reader.lines.write('under way\n');
    await reader.asked();
    for (const line of ['aaaa\n', 'bbbb\n', 'cccc\n', 'd\n']) reader.lines.write(line);
    expect(reader.dropped).toBe(2);
    reader.take();
    await reader.asked();
    reader.take();
    expect(reader.text).toBe('under way\naaaa\nbbbb\n');
    reader.lines.write('e\n');
    await reader.asked();
    reader.take();
    expect(reader.text).toBe('under way\naaaa\nbbbb\ne\n');
  });

  it('asks again where the descriptor would block, and gives up where it is gone', async () => {
    const reader = new Reader(100);
    reader.lines.write('one\n');
    await reader.asked();
    reader.refuse('EAGAIN');
    expect(reader.isAsked).toBe(false);
    reader.scheduled.pop()!();
    reader.take();
    expect(reader.text).toBe('one\n');
    reader.lines.write('two\n');
    await reader.asked();
    reader.refuse('EPIPE');
    await reader.lines.flush();
    expect(reader.text).toBe('one\n');
  });
});
