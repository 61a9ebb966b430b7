import { expect, it } from 'vitest';
import { enterRead, flushOutbox, gatherAt, gathered, gatheredBytes, leaveRead } from './outbox.ts';
import { SCRATCH_BYTES, scratch, type Transport } from './transport.ts';

/** Takes notes of what leaves; full where it is said so. */
class Writer {
  readonly written: string[] = [];
  isFull = false;
  fullCount = 0;
  readonly transport = {
    write: (buffer: Buffer, start: number, end: number) => {
      this.written.push(buffer.toString('latin1', start, end));
      return !this.isFull;
    },
  } as unknown as Transport;

  onFull(): void {
    this.fullCount++;
  }

  gather(text: string): void {
    const at = gatherAt(this, text.length);
    gathered(this, at + scratch.buffer.write(text, at, 'latin1'));
  }
}

it('what gathers within reads leaves by one write when the outermost returns', () => {
  const writer = new Writer();
  enterRead();
  writer.gather('a');
  enterRead();
  writer.gather('b');
  leaveRead();
  expect(writer.written).toEqual([]);
  expect(gatheredBytes(writer)).toBe(2);
  leaveRead();
  expect(writer.written).toEqual(['ab']);
});

it('leaves when another needs the scratch, and in order', () => {
  const first = new Writer();
  const second = new Writer();
  enterRead();
  first.gather('a');
  second.gather('b');
  expect(first.written).toEqual(['a']);
  first.gather('c');
  expect(second.written).toEqual(['b']);
  leaveRead();
  expect(first.written).toEqual(['a', 'c']);
});

it('leaves when the scratch is full, and tells who must wait', () => {
  const writer = new Writer();
  writer.isFull = true;
  enterRead();
  writer.gather('a'.repeat(SCRATCH_BYTES - 1));
  writer.gather('bc');
  expect(writer.written.map((text) => text.length)).toEqual([SCRATCH_BYTES - 1]);
  expect(writer.fullCount).toBe(1);
  leaveRead();
  expect(writer.written[1]).toBe('bc');
});

it('outside of a read it leaves within the turn of the loop', async () => {
  const writer = new Writer();
  writer.gather('a');
  writer.gather('b');
  expect(writer.written).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(writer.written).toEqual(['ab']);
  flushOutbox();
  expect(writer.written).toHaveLength(1);
});
