/** RFC 9113 sections 3 to 6, as a server must answer a client that breaks them. */
// Long because each rule has its case, and a reader of the RFC wants them in one place.
import { describe, expect, it } from 'vitest';
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
  priority,
  rst,
  S,
  settings,
  settingsAck,
  T,
  uint32,
  windowUpdate,
} from '../testing/raw-frames.ts';
import { indexedField, literalField, literalFields, tableSize, WITH_INDEXING } from '../testing/raw-hpack.ts';
import { ServerUnderTest } from '../testing/server-under-test.ts';
import {
  accepted,
  arrivals,
  connectionError,
  eitherOf,
  GET,
  judgeServer,
  POST,
  type Row,
  streamError,
} from '../testing/verdict.ts';

const { PROTOCOL_ERROR, STREAM_CLOSED, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR } = E;
const getBlock = literalFields(GET);
const empty = Buffer.alloc(0);

describe.each(arrivals)('with stream 1 open, %s', (_, readBytes) => {
  const rows = [...frameRules, ...withinFieldBlock, ...compressionErrors];
  it.each(rows)('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    server.peer.send(headers(1, POST));
    await judgeServer(server, row, readBytes);
  });
});

/** What the client may still send on stream 1 once a state is reached; `3` is never opened, `5` is. */
const closedByClient = [headers(1, POST), rst(1, E.CANCEL)];
const closedByEnd = [headers(1, GET, { isEnd: true })];
const remoteClosed = [headers(1, [[':method', 'PUT'], ...GET.slice(1)], { isEnd: true })];
const minded = eitherOf(connectionError(STREAM_CLOSED, PROTOCOL_ERROR), streamError(1, STREAM_CLOSED));

const stateRows: readonly Row[] = [
  ['5.1.1: an even stream identifier', [headers(2, GET, { isEnd: true })], connectionError(PROTOCOL_ERROR)],
  [
    '5.1.1: an identifier below the highest that was used',
    [headers(5, GET, { isEnd: true }), headers(3, GET, { isEnd: true })],
    connectionError(PROTOCOL_ERROR, STREAM_CLOSED),
  ],
  ['5.1.1: identifiers may be left out', [headers(1001, GET, { isEnd: true })], accepted],
  [
    '5.1: DATA on a stream that the client ended',
    [...remoteClosed, data(1, 'x')],
    streamError(1, STREAM_CLOSED),
  ],
  [
    '5.1: HEADERS on a stream that the client ended',
    [...remoteClosed, headers(1, GET, { isEnd: true })],
    eitherOf(streamError(1, STREAM_CLOSED), connectionError(STREAM_CLOSED)),
  ],
  ['5.1: WINDOW_UPDATE on a stream that the client ended', [...remoteClosed, windowUpdate(1, 5)], accepted],
  ['5.1: PRIORITY on a stream that the client ended', [...remoteClosed, priority(1, 0)], accepted],
  ['5.1: RST_STREAM on a stream that the client ended', [...remoteClosed, rst(1, E.CANCEL)], accepted],
  [
    '6.10: CONTINUATION on a stream that the client ended',
    [...remoteClosed, continuation(1, getBlock, true)],
    connectionError(PROTOCOL_ERROR, STREAM_CLOSED),
  ],
  ['5.1: DATA after the client reset the stream', [...closedByClient, data(1, 'x')], minded],
  ['5.1: HEADERS after the client reset the stream', [...closedByClient, headers(1, GET)], minded],
  ['5.1: PRIORITY after the client reset the stream', [...closedByClient, priority(1, 0)], accepted],
  [
    '5.1: WINDOW_UPDATE after the client reset the stream',
    [...closedByClient, windowUpdate(1, 1)],
    eitherOf(accepted, minded),
  ],
  [
    '5.1: RST_STREAM after the client reset the stream',
    [...closedByClient, rst(1, 8)],
    eitherOf(accepted, minded),
  ],
];

const headersRows: readonly Row[] = [
  [
    '6.1: DATA with padding as long as the frame',
    [headers(1, POST), frame(T.DATA, F.PADDED, 1, Buffer.from([5, 1, 2, 3, 4]))],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.1: padded DATA without a pad length',
    [headers(1, POST), frame(T.DATA, F.PADDED, 1, empty)],
    connectionError(FRAME_SIZE_ERROR, PROTOCOL_ERROR),
  ],
  [
    '6.1: padded DATA that is nothing but padding',
    [headers(1, POST), frame(T.DATA, F.PADDED | F.END_STREAM, 1, padded(empty, 255))],
    accepted,
  ],
  [
    '6.2: HEADERS padded and with priority',
    [
      frame(
        T.HEADERS,
        F.END_HEADERS | F.END_STREAM | F.PADDED | F.PRIORITY,
        1,
        padded(Buffer.concat([uint32(2 ** 31 + 7), Buffer.from([255]), getBlock]), 7),
      ),
    ],
    accepted,
  ],
  [
    '5.3.1: HEADERS that depend on themselves',
    [
      frame(
        T.HEADERS,
        F.END_HEADERS | F.END_STREAM | F.PRIORITY,
        1,
        Buffer.concat([uint32(1), Buffer.from([1]), getBlock]),
      ),
    ],
    eitherOf(accepted, streamError(1, PROTOCOL_ERROR)),
  ],
  [
    '6.10: a block in three frames, the last one empty',
    [
      openHeaders(1, getBlock.subarray(0, 5), { isEnd: true }),
      continuation(1, getBlock.subarray(5), false),
      continuation(1, empty, true),
    ],
    accepted,
  ],
  [
    '6.10: an empty HEADERS before CONTINUATION',
    [openHeaders(1, empty, { isEnd: true }), continuation(1, getBlock, true)],
    accepted,
  ],
  [
    '6.10: CONTINUATION after END_HEADERS',
    [headers(1, POST), continuation(1, getBlock, true)],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    '6.10: CONTINUATION after DATA',
    [headers(1, POST), data(1, 'x'), continuation(1, getBlock, true)],
    connectionError(PROTOCOL_ERROR),
  ],
  [
    'RFC 7541 4.2: two sizes of the table before the first field',
    [headers(1, Buffer.concat([tableSize(0), tableSize(4096), getBlock]), { isEnd: true })],
    accepted,
  ],
  [
    'RFC 7541 4.2: a size of the table alone, in trailers',
    [headers(1, POST), headers(1, tableSize(100), { isEnd: true })],
    accepted,
  ],
  [
    '6.6, 8.4: PUSH_PROMISE from a client',
    [headers(1, POST), frame(T.PUSH_PROMISE, F.END_HEADERS, 1, Buffer.concat([uint32(2), getBlock]))],
    connectionError(PROTOCOL_ERROR),
  ],
  ['6.5.2: ENABLE_PUSH of 1 by a client', [settings([[S.ENABLE_PUSH, 1]])], accepted],
  [
    '6.9.1: DATA above the stream window, in full frames',
    [headers(1, POST), ...Array.from({ length: 17 }, () => data(1, Buffer.alloc(16384)))],
    eitherOf(streamError(1, FLOW_CONTROL_ERROR), connectionError(FLOW_CONTROL_ERROR)),
  ],
];

describe.each(arrivals)('a new connection, %s', (_, readBytes) => {
  it.each([...stateRows, ...headersRows])('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    // PUT is never answered, nor is anything read of a paused stream: their states stay.
    server.onExchange = (exchange) => {
      if (exchange.isEnded && exchange.method !== 'PUT') exchange.respond(200);
      else if (!exchange.isEnded && row[0].includes('above the stream window')) exchange.stream.pause();
    };
    await judgeServer(server, row, readBytes);
  });

  it.each<Row>([
    ['5.1: DATA on a stream that both ended', [data(1, 'x')], minded],
    ['5.1: HEADERS on a stream that both ended', [headers(1, GET, { isEnd: true })], minded],
    ['5.1: WINDOW_UPDATE on a stream that both ended', [windowUpdate(1, 100)], accepted],
    ['5.1: RST_STREAM on a stream that both ended', [rst(1, E.CANCEL)], accepted],
    ['5.1: PRIORITY on a stream that both ended', [priority(1, 0)], accepted],
  ])('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    server.peer.send(...closedByEnd);
    await server.peer.until(() => server.peer.hasEnded(1), 'answer');
    await judgeServer(server, row, readBytes);
  });

  it.each<Row>([
    ['5.1: DATA on a stream that we reset is discarded', [data(1, 'x', { isEnd: true })], accepted],
    [
      '5.1: HEADERS on a stream that we reset are discarded',
      [headers(1, [['a', 'b']], { isEnd: true })],
      accepted,
    ],
    ['5.1: RST_STREAM on a stream that we reset', [rst(1, E.CANCEL)], accepted],
    ['5.1: WINDOW_UPDATE on a stream that we reset', [windowUpdate(1, 1)], accepted],
    ['5.1: WINDOW_UPDATE that overflows a stream that we reset', [windowUpdate(1, 2 ** 31 - 1)], accepted],
  ])('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    server.onExchange = (exchange) => (exchange.isEnded ? exchange.respond(200) : exchange.abort());
    server.peer.send(headers(1, POST));
    await server.peer.until(() => server.peer.resetCode(1) === E.CANCEL, 'reset');
    server.peer.frames.length = 0;
    await judgeServer(server, row, readBytes);
  });
});

describe('the beginning of a connection (section 3.4)', () => {
  it('is SETTINGS of the server, before it has read anything', async () => {
    const { peer } = new ServerUnderTest();
    await peer.until(() => peer.frames.length > 0, 'frame');
    expect([peer.frames[0]!.type, peer.frames[0]!.flags, peer.frames[0]!.streamId]).toEqual([
      T.SETTINGS,
      0,
      0,
    ]);
  });

  it('announces its limits (6.5.2) and extended CONNECT (RFC 8441 section 3)', async () => {
    const { peer } = new ServerUnderTest({ maxConcurrentStreams: 77, streamWindowBytes: 100_000 });
    await peer.until(() => peer.frames.length > 0, 'SETTINGS');
    const { payload } = peer.frames[0]!;
    const sent = new Map<number, number>();
    for (let i = 0; i < payload.length; i += 6)
      sent.set(payload.readUInt16BE(i), payload.readUInt32BE(i + 2));
    expect(sent.get(S.MAX_CONCURRENT_STREAMS)).toBe(77);
    expect(sent.get(S.INITIAL_WINDOW_SIZE)).toBe(100_000);
    expect(sent.get(S.ENABLE_CONNECT_PROTOCOL)).toBe(1);
    expect(sent.get(S.ENABLE_PUSH) ?? 0).toBe(0);
    expect(sent.get(S.MAX_HEADER_LIST_SIZE)).toBeGreaterThan(0);
  });

  it.each([
    ['HTTP/1.1 text', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    [
      'a preface that goes wrong at its end',
      Buffer.concat([PREFACE.subarray(0, 23), Buffer.from('\r'), settings()]),
    ],
  ])('without the preface, closes: %s', async (_, bytes) => {
    const server = new ServerUnderTest();
    server.peer.send(bytes);
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect([null, PROTOCOL_ERROR]).toContain(server.peer.goawayCode());
    expect(server.exchanges).toEqual([]);
  });

  it.each([
    ['PING', ping('x')],
    ['HEADERS', headers(1, GET, { isEnd: true })],
    ['SETTINGS ACK', settingsAck],
    ['WINDOW_UPDATE', windowUpdate(0, 1)],
  ])('%s where SETTINGS must come is a PROTOCOL_ERROR', async (_, bytes) => {
    const server = new ServerUnderTest();
    server.peer.send(PREFACE, bytes);
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect(server.peer.goawayCode()).toBe(PROTOCOL_ERROR);
    expect(server.exchanges).toEqual([]);
  });

  it('takes requests before its SETTINGS are acknowledged', async () => {
    const server = new ServerUnderTest();
    server.peer.send(PREFACE, settings(), headers(1, GET, { isEnd: true }));
    await server.peer.until(() => server.peer.hasEnded(1), 'answer');
  });
});

describe('what a server answers', () => {
  it('6.5.3: SETTINGS are acknowledged, once each and in order', async () => {
    const { peer } = await ServerUnderTest.ready();
    peer.send(settings(), settings([[S.INITIAL_WINDOW_SIZE, 5]]));
    await peer.settled();
    expect(peer.of(T.SETTINGS).map((it) => [it.flags, it.payload.length])).toEqual([
      [F.ACK, 0],
      [F.ACK, 0],
    ]);
  });

  it('6.7: PING with the same payload, an answer with nothing', async () => {
    const { peer } = await ServerUnderTest.ready();
    peer.send(ping('12345678'), ping('other', F.ACK));
    await peer.settled();
    const answers = peer.of(T.PING);
    expect(answers.map((it) => it.flags)).toEqual([F.ACK, F.ACK]);
    expect(answers[0]!.payload.toString()).toBe('12345678');
  });

  it('7: GOAWAY with an unknown code is like any other', async () => {
    const { peer } = await ServerUnderTest.ready();
    peer.send(frame(T.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0xff)])));
    await peer.until(() => peer.isClosed, 'close in order');
    expect([null, E.NO_ERROR]).toContain(peer.goawayCode());
  });

  it('5.4.1: GOAWAY names the last stream that was processed', async () => {
    const { peer } = await ServerUnderTest.ready();
    peer.send(headers(1, GET, { isEnd: true }), headers(7, GET, { isEnd: true }));
    await peer.settled();
    peer.send(data(0, 'x'));
    await peer.until(() => peer.isClosed, 'close');
    expect(peer.of(T.GOAWAY).at(-1)!.payload.readUInt32BE()).toBe(7);
  });

  it('4.3: the block of a refused stream still updates the table', async () => {
    const server = await ServerUnderTest.ready({ maxConcurrentStreams: 1 });
    const block = (name: string, value: string) =>
      Buffer.concat([getBlock, literalField(name, value, WITH_INDEXING)]);
    server.peer.send(headers(1, POST), headers(3, block('x-kept', 'in the table'), { isEnd: true }));
    await server.peer.settled();
    expect(server.peer.resetCode(3)).toBe(E.REFUSED_STREAM);
    server.peer.send(
      rst(1, E.CANCEL),
      headers(5, Buffer.concat([getBlock, indexedField(62)]), { isEnd: true }),
    );
    await server.peer.settled();
    expect(server.exchanges.at(-1)!.fields).toEqual([['x-kept', 'in the table']]);
  });

  it('4.3, 5.1: the block on a stream that we reset, and a malformed one, still update the table', async () => {
    const server = await ServerUnderTest.ready();
    server.onExchange = (exchange) => (exchange.isEnded ? exchange.respond(200) : exchange.abort());
    server.peer.send(headers(1, POST));
    await server.peer.until(() => server.peer.resetCode(1) !== null, 'reset');
    server.peer.send(headers(1, literalField('x-one', '1', WITH_INDEXING), { isEnd: true }));
    server.peer.send(headers(3, literalField('x-two', '2', WITH_INDEXING), { isEnd: true }));
    server.peer.send(
      headers(5, Buffer.concat([getBlock, indexedField(62), indexedField(63)]), { isEnd: true }),
    );
    await server.peer.settled();
    expect(server.exchanges.at(-1)!.fields).toEqual([
      ['x-two', '2'],
      ['x-one', '1'],
    ]);
  });
});
