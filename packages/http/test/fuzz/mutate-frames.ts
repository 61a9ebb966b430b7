/** Sequences of HTTP/2 frames, well-formed mostly; the first byte of an input is no frame's. */
import { E, F, frame, S, T } from '../../src/h2/testing/raw-frames.ts';
import type { Mutator } from './fuzz-target.ts';
import { hpackField, literal } from './mutate-hpack.ts';
import type { Random } from './random.ts';

const FRAME_HEADER_BYTES = 9;
const MAX_PAYLOAD_BYTES = 2_000;

/** By who sends them: what is a message's head to the one is none to the other. */
export type Sender = 'client' | 'server';

export function frameMutator(sender: Sender): Mutator {
  return (input, other, random) => {
    const frames = cut(input);
    for (let left = 1 + random.below(4); left > 0; left--) change(frames, other, random, sender);
    return Buffer.concat([input.length > 0 ? input.subarray(0, 1) : Buffer.of(random.below(256)), ...frames]);
  };
}

/** Changes how the application behaves, and nothing else. */
export const behaviourMutator: Mutator = (input, _other, random) =>
  Buffer.concat([Buffer.of(random.below(256)), input.subarray(1)]);

function change(frames: Buffer[], other: Buffer, random: Random, sender: Sender): void {
  const at = random.below(frames.length + 1);
  const chosen = frames[at];
  switch (random.below(10)) {
    case 0:
      frames.splice(at, 1);
      return;
    case 1:
      if (chosen !== undefined) frames.splice(random.below(frames.length + 1), 0, chosen);
      return;
    case 2: {
      const others = cut(other);
      const from = random.below(others.length);
      frames.splice(at, 0, ...others.slice(from, from + 1 + random.below(4)));
      return;
    }
    case 3:
      if (chosen !== undefined) frames[at] = damaged(chosen, random);
      return;
    case 4:
      if (chosen !== undefined) frames.splice(at, 1, ...continued(chosen, random));
      return;
    default:
      frames.splice(at, 0, randomFrame(random, sender));
  }
}

/** Header fields changed, the length kept true. */
function damaged(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < FRAME_HEADER_BYTES) return bytes;
  const copy = Buffer.from(bytes);
  switch (random.below(5)) {
    case 0:
      copy[3] = random.below(11);
      return copy;
    case 1:
      copy[4]! ^= 1 << random.below(8);
      return copy;
    case 2:
      copy.writeUInt32BE(streamId(random), 5);
      return copy;
    case 3: {
      const length = random.below(copy.length - FRAME_HEADER_BYTES + 4);
      const payload = Buffer.alloc(length);
      copy.copy(payload, 0, FRAME_HEADER_BYTES);
      return frame(copy[3]!, copy[4]!, copy.readUInt32BE(5), payload);
    }
    default:
      copy[random.below(copy.length)] = random.below(256);
      return copy;
  }
}

/** HEADERS cut into HEADERS and CONTINUATION. */
function continued(bytes: Buffer, random: Random): Buffer[] {
  if (bytes[3] !== T.HEADERS || bytes.length < FRAME_HEADER_BYTES) return [bytes];
  const id = bytes.readUInt32BE(5);
  const payload = bytes.subarray(FRAME_HEADER_BYTES);
  const middle = random.below(payload.length + 1);
  return [
    frame(T.HEADERS, bytes[4]! & ~F.END_HEADERS, id, payload.subarray(0, middle)),
    frame(T.CONTINUATION, F.END_HEADERS, id, payload.subarray(middle)),
  ];
}

function randomFrame(random: Random, sender: Sender): Buffer {
  const id = streamId(random);
  const end = random.oneIn(2) ? F.END_STREAM : 0;
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return frame(T.HEADERS, F.END_HEADERS | end, id, headBlock(random, sender));
    case 3:
    case 4:
      return frame(T.DATA, end, id, Buffer.alloc(random.pick([0, 1, 5, 5, 100, MAX_PAYLOAD_BYTES]), 'd'));
    case 5:
      return frame(T.SETTINGS, 0, 0, settingsPayload(random));
    case 6:
      return frame(
        T.WINDOW_UPDATE,
        0,
        random.oneIn(2) ? 0 : id,
        uint32(random.pick([0, 1, 5, 1000, 65535, 2 ** 31 - 1])),
      );
    case 7:
      return frame(T.RST_STREAM, 0, id, uint32(random.pick([E.NO_ERROR, E.CANCEL, E.REFUSED_STREAM])));
    case 8:
      return frame(T.PING, random.below(2), 0, Buffer.from('12345678'));
    case 9:
      return frame(T.GOAWAY, 0, 0, Buffer.concat([uint32(random.pick([0, 1, 3, 2 ** 31 - 1])), uint32(0)]));
    case 10:
      return frame(T.SETTINGS, F.ACK, 0, Buffer.alloc(0));
    default:
      return frame(
        random.below(12),
        random.below(256),
        random.oneIn(2) ? 0 : id,
        Buffer.alloc(random.below(12)),
      );
  }
}

function streamId(random: Random): number {
  return random.oneIn(16) ? random.pick([0, 2, 4, 2 ** 31 - 1, 2 ** 31 + 1]) : 1 + 2 * random.below(6);
}

function headBlock(random: Random, sender: Sender): Buffer {
  const fields = sender === 'client' ? requestFields(random) : responseFields(random);
  for (let left = random.below(4); left > 0; left--) {
    const at = random.below(fields.length + 1);
    if (random.oneIn(5)) fields.splice(at, 1);
    else fields.splice(at, 0, random.oneIn(2) ? hpackField(random) : literal(...random.pick(FIELDS)));
  }
  return Buffer.concat(fields);
}

const FIELDS: readonly (readonly [string, string])[] = [
  ['content-length', '5'],
  ['content-length', '0'],
  ['te', 'trailers'],
  ['te', 'gzip'],
  ['cookie', 'a=b'],
  ['host', 'a.example'],
  ['host', 'b'],
  ['expect', '100-continue'],
  ['transfer-encoding', 'chunked'],
  ['connection', 'close'],
  ['upgrade', 'x'],
  ['x-a', 'b'],
  ['trailer', 'x-a'],
  ['X', 'a'],
  ['x', 'a\r\nb'],
  [':method', 'HEAD'],
  [':path', '*'],
  [':status', '204'],
  [':protocol', 'websocket'],
  [':x', ''],
];

function requestFields(random: Random): Buffer[] {
  const method = random.pick(['GET', 'GET', 'POST', 'POST', 'HEAD', 'CONNECT', 'OPTIONS', 'g t']);
  const isTunnel = method === 'CONNECT' && random.oneIn(2);
  const fields = [literal(':method', method), literal(':authority', random.pick(['a.example', 'a:1', '']))];
  if (method === 'CONNECT' && !isTunnel) fields.push(literal(':protocol', random.pick(['websocket', 'x'])));
  if (!isTunnel)
    fields.push(Buffer.of(0x86), literal(':path', random.pick(['/', '/a?b', '*', '', 'http://b/'])));
  return fields;
}

function responseFields(random: Random): Buffer[] {
  return [
    literal(
      ':status',
      random.pick(['200', '200', '200', '204', '304', '100', '103', '101', '500', '099', '2000']),
    ),
  ];
}

function settingsPayload(random: Random): Buffer {
  const entries: Buffer[] = [];
  for (let left = random.below(3); left > 0; left--) {
    const id = random.pick([...Object.values(S), 0x99]);
    const value = random.pick([0, 1, 2, 100, 4096, 16384, 65535, 2 ** 24, 2 ** 31 - 1, 2 ** 31]);
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(id);
    entry.writeUInt32BE(value, 2);
    entries.push(entry);
  }
  return Buffer.concat(entries);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function frameTypes(input: Buffer): number[] {
  return cut(input).map((bytes) => bytes[3] ?? -1);
}

/** By the lengths that they state; what is left over makes a last piece. */
function cut(input: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 1; at < input.length; ) {
    const length = at + 3 <= input.length ? input.readUIntBE(at, 3) : 0;
    const end = Math.min(input.length, at + FRAME_HEADER_BYTES + length);
    frames.push(input.subarray(at, end));
    at = end;
  }
  return frames;
}
