/**
 * HTTP/2 frames as bytes (RFC 9113 section 4.1), written without the code that they test: any type, flag,
 * stream and length, valid or not.
 */
import { literalFields } from './raw-hpack.ts';

export const T = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const F = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const E = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** Setting identifiers (RFC 9113 section 6.5.2, RFC 8441 section 3). */
export const S = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  ENABLE_CONNECT_PROTOCOL: 8,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** `length` is what the frame says of itself, where that is to be a lie. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer,
  length?: number,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Ends {
  readonly isEnd?: boolean;
}

export function data(streamId: number, payload: Buffer | string, { isEnd = false }: Ends = {}): Buffer {
  return frame(T.DATA, isEnd ? F.END_STREAM : 0, streamId, Buffer.from(payload as string));
}

export function headers(streamId: number, fields: Fields | Buffer, { isEnd = false }: Ends = {}): Buffer {
  const block = Buffer.isBuffer(fields) ? fields : literalFields(fields);
  return frame(T.HEADERS, F.END_HEADERS | (isEnd ? F.END_STREAM : 0), streamId, block);
}

/** HEADERS without END_HEADERS. */
export function openHeaders(streamId: number, block: Buffer, { isEnd = false }: Ends = {}): Buffer {
  return frame(T.HEADERS, isEnd ? F.END_STREAM : 0, streamId, block);
}

export function continuation(streamId: number, block: Buffer, isLast: boolean): Buffer {
  return frame(T.CONTINUATION, isLast ? F.END_HEADERS : 0, streamId, block);
}

export function settings(entries: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  for (const [i, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  }
  return frame(T.SETTINGS, 0, 0, payload);
}

export const settingsAck: Buffer = frame(T.SETTINGS, F.ACK, 0, Buffer.alloc(0));

export function ping(text: string, flags = 0): Buffer {
  return frame(T.PING, flags, 0, Buffer.from(text.padEnd(8, '.').slice(0, 8)));
}

export function rst(streamId: number, code: number): Buffer {
  return frame(T.RST_STREAM, 0, streamId, uint32(code));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(T.WINDOW_UPDATE, 0, streamId, uint32(increment));
}

export function goaway(lastStreamId: number, code: number, debug = ''): Buffer {
  return frame(T.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code), Buffer.from(debug)]));
}

/** `dependsOn` with the exclusive bit where it is set; weight is the octet. */
export function priority(streamId: number, dependsOn: number, weight = 15): Buffer {
  return frame(T.PRIORITY, 0, streamId, Buffer.concat([uint32(dependsOn), Buffer.from([weight])]));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** A payload with its pad length in front and padding behind (section 6.1). */
export function padded(payload: Buffer, padLength: number, padding = padLength): Buffer {
  return Buffer.concat([Buffer.from([padLength]), payload, Buffer.alloc(padding)]);
}
