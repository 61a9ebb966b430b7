import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, type FrameSink, SKIP_FRAME, TAKE_FRAME } from './frame-reader.ts';
import { FRAME_DATA } from './frame-types.ts';

const SKIPPED_TYPE = 77;

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** What came, with the pieces of DATA joined. */
class Recorder implements FrameSink {
  readonly seen: string[] = [];
  reader = new FrameReader(this);
  stopsAt = -1;
  #data: Buffer[] = [];

  onFrameHeader(type: number, flags: number, streamId: number, length: number) {
    this.seen.push(`header ${type} ${flags} ${streamId} ${length}`);
    if (this.seen.length === this.stopsAt) this.reader.stop();
    return type === SKIPPED_TYPE ? SKIP_FRAME : TAKE_FRAME;
  }

  onDataPayload(buffer: Buffer, start: number, end: number, isFrameEnd: boolean): void {
    this.#data.push(Buffer.from(buffer.subarray(start, end)));
    if (isFrameEnd) this.seen.push(`data ${Buffer.concat(this.#data.splice(0)).toString('hex')}`);
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    this.seen.push(`frame ${type} ${flags} ${streamId} ${buffer.toString('hex', start, end)}`);
  }
}

function read(bytes: Buffer, cuts: readonly number[]): string[] {
  const recorder = new Recorder();
  let at = 0;
  for (const cut of [...cuts.map((it) => it % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    // Each read comes in memory that is overwritten after it, and not at its beginning.
    const shared = Buffer.alloc(cut - at + 3, 0xee);
    bytes.copy(shared, 3, at, cut);
    recorder.reader.read(shared, 3, shared.length);
    shared.fill(0xdd);
    at = cut;
  }
  return recorder.seen;
}

const frames = fc.array(
  fc.record({
    type: fc.constantFrom(FRAME_DATA, 1, 4, 6, 9, SKIPPED_TYPE),
    flags: fc.nat(255),
    streamId: fc.nat(0x7fffffff),
    payload: fc.uint8Array({ maxLength: 1500 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('FrameReader', () => {
  it('gives the same frames however the bytes are cut into reads', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (list, cuts) => {
        const bytes = Buffer.concat(list.map((it) => frame(it.type, it.flags, it.streamId, it.payload)));
        const expected = list.flatMap(({ type, flags, streamId, payload }) => {
          const header = `header ${type} ${flags} ${streamId} ${payload.length}`;
          const hex = Buffer.from(payload).toString('hex');
          if (type === SKIPPED_TYPE) return [header];
          return [header, type === FRAME_DATA ? `data ${hex}` : `frame ${type} ${flags} ${streamId} ${hex}`];
        });
        expect(read(bytes, cuts)).toEqual(expected);
        expect(read(bytes, Array.from(bytes.keys()).slice(0, 3000))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('4.1: ignores the reserved bit of the stream id', () => {
    expect(read(frame(6, 0, 0x80000003, Buffer.alloc(8)), [])[0]).toBe('header 6 0 3 8');
  });

  it('hands over a complete frame with no payload although nothing follows', () => {
    expect(read(frame(4, 1, 0, Buffer.alloc(0)), [])).toEqual(['header 4 1 0 0', 'frame 4 1 0 ']);
  });

  it('reads nothing more once it is stopped within a call', () => {
    const recorder = new Recorder();
    recorder.stopsAt = 1;
    const bytes = Buffer.concat([frame(6, 0, 0, Buffer.alloc(8)), frame(6, 0, 0, Buffer.alloc(8))]);
    recorder.reader.read(bytes, 0, bytes.length);
    recorder.reader.read(bytes, 0, bytes.length);
    expect(recorder.seen).toEqual(['header 6 0 0 8']);
  });
});
