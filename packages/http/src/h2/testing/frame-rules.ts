import {
  data,
  E,
  F,
  frame,
  goaway,
  padded,
  ping,
  priority,
  rst,
  S,
  settings,
  T,
  uint32,
  windowUpdate,
} from './raw-frames.ts';
import { literalFields } from './raw-hpack.ts';
import { accepted, connectionError, eitherOf, type Row, streamError } from './verdict.ts';

const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR } = E;
const empty = Buffer.alloc(0);
const most = 2 ** 31 - 1;
const IDLE = 2 ** 20 + 1;
const bytes = (...values: number[]) => Buffer.from(values);
const block = literalFields([['x-a', 'b']]);

/** Rules of sections 4 to 6 that bind client and server alike; stream 1 is open in both directions. */
export const frameRules: readonly Row[] = [
  [
    '4.1: a frame of unknown type is ignored',
    [frame(0xbe, 0xff, 0, Buffer.from('what')), frame(0xef, 0, 1, empty)],
    accepted,
  ],
  [
    '4.1: flags that a type does not define are ignored',
    [frame(T.PING, 0xfe, 0, Buffer.from('12345678'))],
    accepted,
  ],
  [
    '4.1: the reserved bit of the stream identifier is ignored',
    [frame(T.PING, 0, 2 ** 31, Buffer.from('12345678'))],
    accepted,
  ],
  ['4.2: a frame of the largest size is accepted', [frame(0xbe, 0, 1, Buffer.alloc(16384))], accepted],
  [
    '4.2: SETTINGS above the largest size',
    [frame(T.SETTINGS, 0, 0, Buffer.alloc(16386))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  [
    '4.2: HEADERS above the largest size',
    [frame(T.HEADERS, F.END_HEADERS, 1, Buffer.alloc(16385))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  [
    '4.2: DATA above the largest size',
    [frame(T.DATA, 0, 1, Buffer.alloc(16385))],
    eitherOf(connectionError(FRAME_SIZE_ERROR), streamError(1, FRAME_SIZE_ERROR)),
  ],
  [
    '4.2: an unknown frame above the largest size, told by its header alone',
    [frame(0xbe, 0, 0, empty, 2 ** 24 - 1)],
    connectionError(FRAME_SIZE_ERROR),
  ],

  ['5.1: DATA on an idle stream', [data(IDLE, 'x')], connectionError(PROTOCOL_ERROR)],
  ['5.1: RST_STREAM on an idle stream', [rst(IDLE, E.CANCEL)], connectionError(PROTOCOL_ERROR)],
  ['5.1: WINDOW_UPDATE on an idle stream', [windowUpdate(IDLE, 1)], connectionError(PROTOCOL_ERROR)],
  [
    '5.1: CONTINUATION on an idle stream',
    [frame(T.CONTINUATION, F.END_HEADERS, IDLE, block)],
    connectionError(PROTOCOL_ERROR),
  ],
  ['5.1: PRIORITY on an idle stream', [priority(IDLE, 0)], accepted],
  [
    '5.3.1: PRIORITY that depends on itself',
    [priority(1, 1)],
    eitherOf(accepted, streamError(1, PROTOCOL_ERROR)),
  ],

  ['6.1: DATA on stream 0', [data(0, 'x')], connectionError(PROTOCOL_ERROR)],
  ['6.2: HEADERS on stream 0', [frame(T.HEADERS, F.END_HEADERS, 0, block)], connectionError(PROTOCOL_ERROR)],
  [
    '6.2: HEADERS with padding beyond the frame',
    [frame(T.HEADERS, F.END_HEADERS | F.PADDED, 1, padded(block, block.length + 1, 0))],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.2: padded HEADERS without a pad length',
    [frame(T.HEADERS, F.END_HEADERS | F.PADDED, 1, empty)],
    connectionError(FRAME_SIZE_ERROR, PROTOCOL_ERROR),
  ],
  [
    '6.2: HEADERS with half a priority',
    [frame(T.HEADERS, F.END_HEADERS | F.PRIORITY, 1, bytes(0, 0, 0))],
    connectionError(FRAME_SIZE_ERROR, PROTOCOL_ERROR),
  ],
  [
    '6.2: HEADERS whose priority is overlapped by padding',
    [frame(T.HEADERS, F.END_HEADERS | F.PRIORITY | F.PADDED, 1, bytes(3, 0, 0, 0, 0, 0, 0, 0))],
    connectionError(FRAME_SIZE_ERROR, PROTOCOL_ERROR),
  ],

  ['6.3: PRIORITY on stream 0', [priority(0, 1)], connectionError(PROTOCOL_ERROR)],
  ['6.3: PRIORITY of 4 bytes', [frame(T.PRIORITY, 0, 1, Buffer.alloc(4))], streamError(1, FRAME_SIZE_ERROR)],
  ['6.3: PRIORITY of 6 bytes', [frame(T.PRIORITY, 0, 1, Buffer.alloc(6))], streamError(1, FRAME_SIZE_ERROR)],

  ['6.4: RST_STREAM on stream 0', [rst(0, E.CANCEL)], connectionError(PROTOCOL_ERROR)],
  [
    '6.4: RST_STREAM of 3 bytes',
    [frame(T.RST_STREAM, 0, 1, Buffer.alloc(3))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  [
    '6.4: RST_STREAM of 5 bytes',
    [frame(T.RST_STREAM, 0, 1, Buffer.alloc(5))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  ['6.4, 7: RST_STREAM with an unknown code', [rst(1, 0xfeedbeef)], accepted],

  ['6.5: SETTINGS on a stream', [frame(T.SETTINGS, 0, 1, empty)], connectionError(PROTOCOL_ERROR)],
  [
    '6.5: SETTINGS ACK with a payload',
    [frame(T.SETTINGS, F.ACK, 0, Buffer.alloc(6))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  ['6.5: SETTINGS of 5 bytes', [frame(T.SETTINGS, 0, 0, Buffer.alloc(5))], connectionError(FRAME_SIZE_ERROR)],
  ['6.5.2: ENABLE_PUSH of 2', [settings([[S.ENABLE_PUSH, 2]])], connectionError(PROTOCOL_ERROR)],
  [
    '6.5.2: INITIAL_WINDOW_SIZE of 2^31',
    [settings([[S.INITIAL_WINDOW_SIZE, 2 ** 31]])],
    connectionError(FLOW_CONTROL_ERROR),
  ],
  ['6.5.2: INITIAL_WINDOW_SIZE of 2^31 - 1', [settings([[S.INITIAL_WINDOW_SIZE, most]])], accepted],
  [
    '6.5.2: MAX_FRAME_SIZE of 16383',
    [settings([[S.MAX_FRAME_SIZE, 16383]])],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.5.2: MAX_FRAME_SIZE of 2^24',
    [settings([[S.MAX_FRAME_SIZE, 2 ** 24]])],
    connectionError(PROTOCOL_ERROR),
  ],
  ['6.5.2: MAX_FRAME_SIZE of 2^24 - 1', [settings([[S.MAX_FRAME_SIZE, 2 ** 24 - 1]])], accepted],
  [
    '6.5.2: unknown settings',
    [
      settings([
        [0xff, 1],
        [0, 7],
        [0xffff, 2 ** 32 - 1],
      ]),
    ],
    accepted,
  ],
  ['6.5.2: HEADER_TABLE_SIZE of 2^32 - 1', [settings([[S.HEADER_TABLE_SIZE, 2 ** 32 - 1]])], accepted],
  [
    '6.5.3: the last value of a repeated setting holds',
    [
      settings([
        [S.INITIAL_WINDOW_SIZE, 1],
        [S.INITIAL_WINDOW_SIZE, 70000],
      ]),
    ],
    accepted,
  ],
  [
    '6.5.3: SETTINGS ACK that nothing asked for',
    [frame(T.SETTINGS, F.ACK, 0, empty)],
    eitherOf(accepted, connectionError(PROTOCOL_ERROR)),
  ],

  ['6.7: PING on a stream', [frame(T.PING, 0, 1, Buffer.alloc(8))], connectionError(PROTOCOL_ERROR)],
  ['6.7: PING of 6 bytes', [frame(T.PING, 0, 0, Buffer.alloc(6))], connectionError(FRAME_SIZE_ERROR)],
  ['6.7: PING of 9 bytes', [frame(T.PING, 0, 0, Buffer.alloc(9))], connectionError(FRAME_SIZE_ERROR)],
  ['6.7: an answer to no PING', [ping('nobody', F.ACK)], accepted],

  ['6.8: GOAWAY on a stream', [frame(T.GOAWAY, 0, 1, Buffer.alloc(8))], connectionError(PROTOCOL_ERROR)],
  ['6.8: GOAWAY of 7 bytes', [frame(T.GOAWAY, 0, 0, Buffer.alloc(7))], connectionError(FRAME_SIZE_ERROR)],

  ['6.9: WINDOW_UPDATE of 0 on the connection', [windowUpdate(0, 0)], connectionError(PROTOCOL_ERROR)],
  ['6.9: WINDOW_UPDATE of 0 on a stream', [windowUpdate(1, 0)], streamError(1, PROTOCOL_ERROR)],
  [
    '6.9: WINDOW_UPDATE of 3 bytes',
    [frame(T.WINDOW_UPDATE, 0, 0, Buffer.alloc(3))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  [
    '6.9: WINDOW_UPDATE of 5 bytes on a stream',
    [frame(T.WINDOW_UPDATE, 0, 1, Buffer.alloc(5))],
    connectionError(FRAME_SIZE_ERROR),
  ],
  [
    '6.9: the reserved bit of an increment is ignored',
    [frame(T.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 + 1))],
    accepted,
  ],
  [
    '6.9: the reserved bit does not make an increment',
    [frame(T.WINDOW_UPDATE, 0, 0, uint32(2 ** 31))],
    connectionError(PROTOCOL_ERROR),
  ],
  ['6.9.1: the connection window overflows', [windowUpdate(0, most)], connectionError(FLOW_CONTROL_ERROR)],
  [
    '6.9.1: the connection window overflows by two updates',
    [windowUpdate(0, most - 65535), windowUpdate(0, 1)],
    connectionError(FLOW_CONTROL_ERROR),
  ],
  ['6.9.1: the connection window at its most', [windowUpdate(0, most - 65535)], accepted],
  ['6.9.1: a stream window overflows', [windowUpdate(1, most)], streamError(1, FLOW_CONTROL_ERROR)],
  ['6.9.1: a stream window at its most', [windowUpdate(1, most - 65535)], accepted],
  [
    '6.9.2: SETTINGS make a stream window overflow',
    [windowUpdate(1, most - 65535), settings([[S.INITIAL_WINDOW_SIZE, 65536]])],
    connectionError(FLOW_CONTROL_ERROR),
  ],

  [
    '6.10: CONTINUATION on stream 0',
    [frame(T.CONTINUATION, F.END_HEADERS, 0, block)],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.10: CONTINUATION without HEADERS',
    [frame(T.CONTINUATION, F.END_HEADERS, 1, block)],
    connectionError(PROTOCOL_ERROR),
  ],
];

const openBlock = (rest: Buffer): Buffer[] => [frame(T.HEADERS, F.END_STREAM, 1, block), rest];

/** What may stand within a field block (sections 4.3, 6.10): nothing but CONTINUATION of the same stream. */
export const withinFieldBlock: readonly Row[] = [
  ['a CONTINUATION of another stream', openBlock(frame(T.CONTINUATION, F.END_HEADERS, 3, block))],
  ['DATA', openBlock(data(1, 'x'))],
  ['HEADERS of another stream', openBlock(frame(T.HEADERS, F.END_HEADERS, 3, block))],
  ['HEADERS of the same stream', openBlock(frame(T.HEADERS, F.END_HEADERS, 1, block))],
  ['PRIORITY', openBlock(priority(1, 0))],
  ['RST_STREAM', openBlock(rst(1, E.CANCEL))],
  ['SETTINGS', openBlock(settings())],
  ['PING', openBlock(ping('x'))],
  ['GOAWAY', openBlock(goaway(0, 0))],
  ['WINDOW_UPDATE', openBlock(windowUpdate(0, 1))],
  ['a frame of unknown type (5.5)', openBlock(frame(0xbe, 0, 0, empty))],
].map(
  ([name, sent]) => [`6.10, 4.3: ${name} within a field block`, sent, connectionError(PROTOCOL_ERROR)] as Row,
);

const coding = (value: Buffer): Buffer[] => [frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, 1, value)];

/** Section 4.3: a field block that cannot be decoded ends the connection, whatever stream it is of. */
export const compressionErrors: readonly Row[] = [
  ['index 0 (RFC 7541 6.1)', coding(bytes(0x80))],
  ['an index beyond the tables (RFC 7541 2.3.3)', coding(bytes(0xff, 0x7f))],
  ['an index of a name beyond the tables', coding(bytes(0x7e, 0x01, 0x61))],
  [
    'an integer that does not end (RFC 7541 5.1)',
    coding(bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
  ],
  ['an integer that is cut short', coding(bytes(0xff, 0x80))],
  ['a string longer than the block (RFC 7541 5.2)', coding(bytes(0x00, 0x05, 0x61))],
  ['a name without a value', coding(bytes(0x00, 0x01, 0x61))],
  ['a table size above what was announced (RFC 7541 6.3)', coding(bytes(0x3f, 0xff, 0xff, 0x7f))],
  ['a table size after a field (RFC 7541 4.2)', coding(Buffer.concat([block, bytes(0x20)]))],
  ['a Huffman string with EOS (RFC 7541 5.2)', coding(bytes(0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61))],
  ['Huffman padding of zeros (RFC 7541 5.2)', coding(bytes(0x00, 0x81, 0x18, 0x01, 0x61))],
  ['Huffman padding of more than 7 bits (RFC 7541 5.2)', coding(bytes(0x00, 0x82, 0x1f, 0xff, 0x01, 0x61))],
].map(([name, sent]) => [`4.3: ${name}`, sent, connectionError(COMPRESSION_ERROR)] as Row);
