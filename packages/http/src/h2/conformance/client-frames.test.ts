/** RFC 9113 sections 3 to 6 and 8.4, as a client must answer a server that breaks them. */
import { describe, expect, it } from 'vitest';
import { ClientUnderTest } from '../testing/client-under-test.ts';
import { compressionErrors, frameRules, withinFieldBlock } from '../testing/frame-rules.ts';
import {
  continuation,
  data,
  E,
  F,
  frame,
  headers,
  openHeaders,
  PREFACE,
  padded,
  ping,
  rst,
  S,
  settings,
  settingsAck,
  T,
  uint32,
  windowUpdate,
} from '../testing/raw-frames.ts';
import { literalFields } from '../testing/raw-hpack.ts';
import {
  accepted,
  arrivals,
  connectionError,
  eitherOf,
  judgeClient,
  type Row,
  streamError,
} from '../testing/verdict.ts';

const { PROTOCOL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR } = E;
const OK = [[':status', '200']] as const;
const okBlock = literalFields(OK);
const empty = Buffer.alloc(0);

const clientRows: readonly Row[] = [
  [
    '5.1.1: HEADERS on a stream that the client never opened',
    [headers(3, OK)],
    connectionError(PROTOCOL_ERROR),
  ],
  ['5.1.1: HEADERS on an even stream', [headers(2, OK)], connectionError(PROTOCOL_ERROR)],
  ['5.1: DATA on an even stream', [data(2, 'x')], connectionError(PROTOCOL_ERROR)],
  [
    '8.4, 6.6: PUSH_PROMISE, which we disabled',
    [frame(T.PUSH_PROMISE, F.END_HEADERS, 1, Buffer.concat([uint32(2), okBlock]))],
    connectionError(PROTOCOL_ERROR),
  ],
  ['6.5.2: ENABLE_PUSH of 1 by a server', [settings([[S.ENABLE_PUSH, 1]])], connectionError(PROTOCOL_ERROR)],
  ['6.5.2: ENABLE_PUSH of 0 by a server', [settings([[S.ENABLE_PUSH, 0]])], accepted],
  [
    'RFC 8441 3: ENABLE_CONNECT_PROTOCOL of 2',
    [settings([[S.ENABLE_CONNECT_PROTOCOL, 2]])],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    'RFC 8441 3: ENABLE_CONNECT_PROTOCOL taken back',
    [settings([[S.ENABLE_CONNECT_PROTOCOL, 1]]), settings([[S.ENABLE_CONNECT_PROTOCOL, 0]])],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.1: DATA with padding as long as the frame',
    [headers(1, OK), frame(T.DATA, F.PADDED, 1, Buffer.from([5, 1, 2, 3, 4]))],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.1: padded DATA without a pad length',
    [headers(1, OK), frame(T.DATA, F.PADDED, 1, empty)],
    connectionError(FRAME_SIZE_ERROR, PROTOCOL_ERROR),
  ],
  [
    '6.1: padded DATA',
    [headers(1, OK), frame(T.DATA, F.PADDED, 1, padded(Buffer.from('abc'), 200))],
    accepted,
  ],
  [
    '6.10: a head in three frames',
    [
      openHeaders(1, okBlock.subarray(0, 3)),
      continuation(1, okBlock.subarray(3), false),
      continuation(1, empty, true),
    ],
    accepted,
  ],
  [
    '6.9.1: DATA above the stream window',
    [headers(1, OK), ...Array.from({ length: 17 }, () => data(1, Buffer.alloc(16384)))],
    eitherOf(streamError(1, FLOW_CONTROL_ERROR), connectionError(FLOW_CONTROL_ERROR)),
  ],
];

describe.each(arrivals)('with stream 1 open, %s', (_, readBytes) => {
  it.each([...frameRules, ...withinFieldBlock, ...compressionErrors, ...clientRows])('%s', async (...row) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request('POST');
    await client.peer.settled();
    if (row[0].includes('above the stream window')) exchange.stream.pause();
    await judgeClient(client, row, readBytes);
    if (client.peer.isClosed) expect(exchange.failure, 'it is told').not.toBeNull();
    if (client.peer.resetCode(1) !== null) expect(exchange.failure?.kind).toBe('protocol');
  });

  const minded = eitherOf(connectionError(STREAM_CLOSED, PROTOCOL_ERROR), streamError(1, STREAM_CLOSED));
  it.each<Row>([
    ['5.1: DATA after the server ended the stream', [data(1, 'x')], minded],
    ['5.1: HEADERS after the server ended the stream', [headers(1, OK)], minded],
    ['5.1: WINDOW_UPDATE after both ended the stream', [windowUpdate(1, 1)], accepted],
    ['5.1: RST_STREAM after both ended the stream', [rst(1, E.CANCEL)], accepted],
  ])('%s', async (...row) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request();
    await client.peer.settled();
    client.peer.send(headers(1, OK, { isEnd: true }));
    await client.peer.settled();
    expect(exchange.isEnded).toBe(true);
    await judgeClient(client, row, readBytes);
    expect(exchange.failure).toBeNull();
  });

  it.each<Row>([
    [
      '5.1: DATA on a stream that we reset is discarded',
      [headers(1, OK), data(1, 'x', { isEnd: true })],
      accepted,
    ],
    ['5.1: HEADERS on a stream that we reset', [headers(1, OK, { isEnd: true })], accepted],
    ['5.1: RST_STREAM on a stream that we reset', [rst(1, E.CANCEL)], accepted],
    ['5.1: WINDOW_UPDATE on a stream that we reset', [windowUpdate(1, 5)], accepted],
  ])('%s', async (...row) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request('POST');
    await client.peer.settled();
    exchange.abort();
    await client.peer.until(() => client.peer.resetCode(1) === E.CANCEL, 'reset');
    client.peer.frames.length = 0;
    await judgeClient(client, row, readBytes);
    expect([exchange.status, exchange.failure]).toEqual([0, null]);
  });
});

describe('the beginning of a connection (section 3.4)', () => {
  it('is the preface and SETTINGS without push, before anything came', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    await client.peer.until(() => client.peer.frames.length > 0, 'frame');
    expect(client.peer.preface.equals(PREFACE)).toBe(true);
    const [first] = client.peer.frames;
    expect([first!.type, first!.flags, first!.streamId]).toEqual([T.SETTINGS, 0, 0]);
    const sent = new Map<number, number>();
    for (let i = 0; i < first!.payload.length; i += 6) {
      sent.set(first!.payload.readUInt16BE(i), first!.payload.readUInt32BE(i + 2));
    }
    expect(sent.get(S.ENABLE_PUSH)).toBe(0);
    expect([sent.has(S.MAX_CONCURRENT_STREAMS), sent.has(S.ENABLE_CONNECT_PROTOCOL)]).toEqual([false, false]);
  });

  it('requests sent before it stands come after preface and SETTINGS', async () => {
    const client = new ClientUnderTest();
    client.request();
    client.connection.onConnect();
    await client.peer.until(() => client.peer.of(T.HEADERS).length > 0, 'request');
    expect(client.peer.preface.equals(PREFACE)).toBe(true);
    expect(client.peer.frames[0]!.type).toBe(T.SETTINGS);
  });

  it.each([
    ['PING', ping('x')],
    ['HEADERS', headers(1, OK)],
    ['SETTINGS ACK', settingsAck],
    ['GOAWAY', frame(T.GOAWAY, 0, 0, Buffer.alloc(8))],
  ])('%s where SETTINGS must come is a PROTOCOL_ERROR', async (_, bytes) => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    client.request();
    client.peer.send(bytes);
    await client.peer.until(() => client.peer.isClosed, 'close');
    expect(client.peer.goawayCode()).toBe(PROTOCOL_ERROR);
  });

  it('HTTP/1.1 text in place of frames ends the connection', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    const exchange = client.request();
    client.peer.send(Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
    await client.peer.until(() => client.peer.isClosed, 'close');
    client.transport.fail(null);
    expect([exchange.failure !== null, client.closes]).toEqual([true, 1]);
  });
});
