import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from './frame-types.ts';
import { FrameWriter } from './frame-writer.ts';
import { MemoryTransport } from './testing/memory-transport.ts';

function subject() {
  const transport = new MemoryTransport();
  const written: Buffer[] = [];
  transport.onWritten = (bytes) => written.push(bytes);
  const writer = new FrameWriter();
  writer.transport = transport;
  return { writer, transport, written };
}

const body = Buffer.from('0123456789');

function putFields(writer: FrameWriter, bytes: number): number {
  const block = writer.reserve(FRAME_HEADER_BYTES + bytes);
  const start = writer.length + FRAME_HEADER_BYTES;
  for (let i = 0; i < bytes; i++) block[start + i] = i;
  return start + bytes;
}

describe('FrameWriter', () => {
  it('sends what a turn of the loop gathered in one write', async () => {
    const { writer, transport, written } = subject();
    writer.data(1, body, 0, 4, false);
    writer.windowUpdate(3, 7);
    writer.data(3, body, 4, 6, true);
    expect(transport.writes).toBe(0);
    await nextTurn();
    expect(transport.writes).toBe(1);
    expect(Buffer.concat(written).toString('hex')).toBe(
      '0000040000' +
        '00000001' +
        '30313233' +
        '0000040800' +
        '00000003' +
        '00000007' +
        '0000020001' +
        '00000003' +
        '3435',
    );
    await nextTurn();
    expect(transport.writes, 'nothing more was to send').toBe(1);
  });

  it('writes before the turn ends where a block is full, and loses nothing', async () => {
    const { writer, transport, written } = subject();
    const large = Buffer.alloc(16384, 'x');
    for (let i = 0; i < 10; i++) writer.data(1, large, 0, large.length, false);
    expect(transport.writes).toBeGreaterThan(1);
    await nextTurn();
    expect(Buffer.concat(written).length).toBe(10 * (16384 + 9));
  });

  it('sets END_STREAM on the last frame while it has not left', async () => {
    const { writer, written } = subject();
    writer.headers(1, putFields(writer, 3), false, 16384);
    expect([writer.endOpenFrame(3), writer.endOpenFrame(1), writer.endOpenFrame(1)]).toEqual([
      false,
      true,
      false,
    ]);
    writer.data(1, body, 0, 1, false);
    await nextTurn();
    expect(writer.endOpenFrame(1)).toBe(false);
    expect(written[0]![4]).toBe(0x5);
  });

  it('sets it on no frame that another follows', () => {
    const { writer } = subject();
    writer.data(1, body, 0, 1, false);
    writer.windowUpdate(0, 1);
    expect(writer.endOpenFrame(1)).toBe(false);
  });

  it('6.10: cuts a field block above the frame size into CONTINUATION', async () => {
    const { writer, written } = subject();
    writer.headers(5, putFields(writer, 25), true, 10);
    expect(writer.endOpenFrame(5), 'END_STREAM is for HEADERS alone').toBe(false);
    await nextTurn();
    const bytes = Buffer.concat(written);
    const heads = [0, 19, 38].map((at) => [
      bytes.readUIntBE(at, 3),
      bytes[at + 3],
      bytes[at + 4],
      bytes[at + 8],
    ]);
    expect(heads).toEqual([
      [10, 1, 0x1, 5],
      [10, 9, 0, 5],
      [5, 9, 0x4, 5],
    ]);
    const fields = Buffer.concat([bytes.subarray(9, 19), bytes.subarray(28, 38), bytes.subarray(47)]);
    expect([...fields]).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  it('tells when the transport wants to wait, and counts control frames meanwhile', async () => {
    const { writer, transport } = subject();
    transport.take(false);
    const large = Buffer.alloc(16384, 'x');
    for (let i = 0; i < 12; i++) writer.data(1, large, 0, large.length, false);
    await nextTurn();
    expect(writer.isBlocked).toBe(true);
    writer.ping(true, body, 0);
    expect(writer.blockedControlBytes).toBe(17);
    writer.drained();
    expect([writer.isBlocked, writer.blockedControlBytes]).toEqual([false, 0]);
  });

  it('keeps what was gathered before there was a transport', async () => {
    const { writer, transport, written } = subject();
    writer.transport = null;
    writer.raw(body);
    await nextTurn();
    writer.transport = transport;
    await nextTurn();
    expect(Buffer.concat(written).toString()).toBe('0123456789');
  });

  it('is served although more connections than may wait gather at once', async () => {
    const subjects = Array.from({ length: 200 }, subject);
    for (const { writer } of subjects) writer.data(1, body, 0, 10, true);
    await nextTurn();
    expect(subjects.map(({ transport }) => transport.writes)).toEqual(subjects.map(() => 1));
  });
});
