/** RFC 9113 section 10.5 at a server: each bound of exchange/limits.ts, the attack it is for, and its answer. */
// Long because each rule has its case, and a reader of the RFC wants them in one place.
import { describe, expect, it } from 'vitest';
import { defaultH2Limits, type H2Limits, type LimitName } from '../../exchange/limits.ts';
import {
  continuation,
  data,
  E,
  F,
  frame,
  headers,
  openHeaders,
  PREFACE,
  ping,
  priority,
  rst,
  S,
  settings,
  T,
  windowUpdate,
} from '../testing/raw-frames.ts';
import { indexedField, literalField, literalFields, WITH_INDEXING } from '../testing/raw-hpack.ts';
import { ServerUnderTest } from '../testing/server-under-test.ts';
import { GET, POST } from '../testing/verdict.ts';

const { maxControlFramesPerSecond, maxResetsPerSecond } = defaultH2Limits;
const empty = Buffer.alloc(0);
const getBlock = literalFields(GET);
const odd = (i: number) => 2 * i + 1;

async function expectCalmed(server: ServerUnderTest, limit: LimitName): Promise<void> {
  await server.peer.until(() => server.peer.isClosed, 'close');
  expect(server.peer.goawayCode()).toBe(E.ENHANCE_YOUR_CALM);
  expect(server.limitsHit).toEqual([limit]);
  server.transport.fail(null);
  expect([server.closes, server.connection.activeStreams]).toEqual([1, 0]);
}

describe('floods: GOAWAY ENHANCE_YOUR_CALM, at the rate that limits.ts names', () => {
  const most = maxControlFramesPerSecond;
  it.each<[string, LimitName, number, (i: number) => Buffer]>([
    ['PING', 'control_frames', most, () => ping('x')],
    ['SETTINGS', 'control_frames', most, () => settings([[S.INITIAL_WINDOW_SIZE, 65535]])],
    ['empty SETTINGS', 'control_frames', most, () => settings()],
    ['PRIORITY', 'control_frames', most, (i) => priority(odd(i), 0)],
    ['unknown frames', 'control_frames', most, () => frame(0xbe, 0, 0, empty)],
    ['empty DATA', 'control_frames', most, () => data(1, empty)],
    [
      'DATA that is nothing but padding',
      'control_frames',
      most,
      () => frame(T.DATA, F.PADDED, 1, Buffer.from([0])),
    ],
    [
      'streams that are opened and reset (CVE-2023-44487)',
      'resets',
      maxResetsPerSecond,
      (i) => Buffer.concat([headers(odd(i + 1), GET, { isEnd: true }), rst(odd(i + 1), E.CANCEL)]),
    ],
    [
      'streams that we are made to reset, by an increment of 0 (CVE-2025-8671)',
      'resets',
      maxResetsPerSecond,
      (i) => Buffer.concat([headers(odd(i + 1), POST), windowUpdate(odd(i + 1), 0)]),
    ],
    [
      'streams that we are made to reset, by a window that overflows (CVE-2025-8671)',
      'resets',
      maxResetsPerSecond,
      (i) => Buffer.concat([headers(odd(i + 1), POST), windowUpdate(odd(i + 1), 2 ** 31 - 1)]),
    ],
    [
      'streams that we are made to reset, by DATA after their end (CVE-2025-8671)',
      'resets',
      maxResetsPerSecond,
      (i) => Buffer.concat([headers(odd(i + 1), GET, { isEnd: true }), data(odd(i + 1), 'x')]),
    ],
    [
      // PRIORITY counts by itself, and sooner.
      'streams that we are made to reset, by PRIORITY of a wrong length (CVE-2025-8671)',
      'control_frames',
      maxControlFramesPerSecond,
      (i) => Buffer.concat([headers(odd(i + 1), POST), frame(T.PRIORITY, 0, odd(i + 1), Buffer.alloc(4))]),
    ],
    [
      'malformed requests',
      'resets',
      maxResetsPerSecond,
      (i) => headers(odd(i + 1), [...GET, ['X', '']], { isEnd: true }),
    ],
  ])('%s', async (_, limit, allowed, bytes) => {
    const server = await ServerUnderTest.ready();
    server.onExchange = () => {};
    server.peer.send(headers(1, POST));
    // A tenth to spare below, for the handshake's own frames.
    const few = Math.floor(allowed * 0.9);
    for (let i = 0; i < few; i++) server.peer.send(bytes(i));
    await server.peer.settled();
    expect([server.limitsHit, server.peer.isClosed], 'what is allowed is let through').toEqual([[], false]);
    server.sweep(1000);
    for (let i = few; i < 2 * few; i++) server.peer.send(bytes(i));
    await server.peer.settled();
    expect([server.limitsHit, server.peer.isClosed], 'and again a second later').toEqual([[], false]);
    for (let i = 2 * few; i < 3 * allowed && !server.peer.isClosed; i++) server.peer.send(bytes(i));
    await expectCalmed(server, limit);
    expect(server.exchanges.length).toBeLessThan(3 * allowed);
  });

  it.each<[string, Buffer]>([
    ['DATA', data(1, 'x')],
    ['HEADERS', headers(1, GET)],
  ])('%s on a stream that the client reset is answered once, however often it comes', async (_, bytes) => {
    const server = await ServerUnderTest.ready();
    server.peer.send(headers(1, POST), rst(1, E.CANCEL));
    for (let i = 0; i < 5000; i++) server.peer.send(bytes);
    await server.peer.settled();
    expect(server.peer.of(T.RST_STREAM, 1).map((it) => it.payload.readUInt32BE())).toEqual([E.STREAM_CLOSED]);
    expect([server.exchanges.length, server.peer.of(T.GOAWAY)]).toEqual([1, []]);
  });

  it('RST_STREAM on streams that are closed already', async () => {
    const server = await ServerUnderTest.ready();
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.until(() => server.peer.hasEnded(1), 'answer');
    for (let i = 0; i < 3 * maxControlFramesPerSecond && !server.peer.isClosed; i++)
      server.peer.send(rst(1, 8));
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect([E.ENHANCE_YOUR_CALM, E.STREAM_CLOSED]).toContain(server.peer.goawayCode());
  });

  it('CONTINUATION without an end (CVE-2024-27316)', async () => {
    const server = await ServerUnderTest.ready();
    server.peer.send(openHeaders(1, getBlock));
    for (let i = 0; i < 1000 && !server.peer.isClosed; i++)
      server.peer.send(continuation(1, literalField('a', ''), false));
    await expectCalmed(server, 'continuations');
  });

  it('empty CONTINUATION without an end', async () => {
    const server = await ServerUnderTest.ready();
    server.peer.send(openHeaders(1, empty));
    for (let i = 0; i < 1000 && !server.peer.isClosed; i++) server.peer.send(continuation(1, empty, false));
    await expectCalmed(server, 'continuations');
  });

  it('a field block larger than any may be', async () => {
    const server = await ServerUnderTest.ready();
    const part = literalField('x', 'v'.repeat(16000));
    server.peer.send(openHeaders(1, getBlock));
    for (let i = 0; i < 10 && !server.peer.isClosed; i++) server.peer.send(continuation(1, part, false));
    await expectCalmed(server, 'field_block');
  });

  it.each<[string, (i: number) => Buffer]>([
    ['PING', () => ping('x')],
    ['SETTINGS', () => settings()],
    ['streams that are refused', (i) => headers(odd(i + 1), GET, { isEnd: true })],
  ])('answers that the client does not read: %s', async (_, bytes) => {
    const server = await ServerUnderTest.ready({ maxConcurrentStreams: 1 });
    server.onExchange = () => {};
    server.peer.send(headers(1, POST));
    await server.peer.settled();
    server.transport.take(false);
    let most = 0;
    for (let i = 0; i < 200_000 && !server.transport.isOver; i++) {
      server.peer.send(bytes(i));
      if (i % 100 === 0) await new Promise(setImmediate);
      if (i % 100 === 0) server.sweep(1000);
      most = Math.max(most, server.transport.queuedBytes);
    }
    expect(server.transport.isOver, 'it came to an end').toBe(true);
    expect(server.limitsHit.at(-1)).toBe('queued_control');
    expect(most).toBeLessThan(defaultH2Limits.maxQueuedControlBytes + 256 * 1024);
  });
});

describe('streams and fields', () => {
  it('5.1.2: a stream above the limit is refused, and may come again', async () => {
    const server = await ServerUnderTest.ready({ maxConcurrentStreams: 3 });
    server.onExchange = () => {};
    server.peer.send(...[1, 3, 5, 7].map((id) => headers(id, GET, { isEnd: true })));
    await server.peer.settled();
    expect(server.peer.of(T.RST_STREAM).map((it) => [it.streamId, it.payload.readUInt32BE()])).toEqual([
      [7, E.REFUSED_STREAM],
    ]);
    expect([server.limitsHit, server.exchanges.length]).toEqual([['concurrent_streams'], 3]);
    for (const exchange of server.exchanges) exchange.respond(200);
    server.peer.send(headers(9, GET, { isEnd: true }));
    await server.peer.settled();
    expect(server.exchanges.length).toBe(4);
  });

  it('6.5.2: a field section that grows in decoding (HPACK bomb) is answered by 431, and the table stays in step', async () => {
    const server = await ServerUnderTest.ready();
    const large = literalField('x-large', 'v'.repeat(4000), WITH_INDEXING);
    server.peer.send(headers(1, Buffer.concat([getBlock, large]), { isEnd: true }));
    await server.peer.until(() => server.peer.hasEnded(1), 'answer');
    const before = process.memoryUsage().rss;
    const bomb = Buffer.concat([getBlock, ...Array.from({ length: 16_000 }, () => indexedField(62))]);
    for (let id = 3; id < 103; id += 2) server.peer.send(headers(id, bomb, { isEnd: true }));
    await server.peer.until(() => server.peer.of(T.HEADERS, 101).length > 0, 'answers');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
    expect(server.peer.of(T.HEADERS, 101)[0]!.fields[0]).toEqual([':status', '431']);
    expect(new Set(server.limitsHit)).toEqual(new Set(['field_section']));
    server.peer.send(headers(201, Buffer.concat([getBlock, indexedField(62)]), { isEnd: true }));
    await server.peer.settled();
    expect(server.exchanges.at(-1)!.fields).toEqual([['x-large', 'v'.repeat(4000)]]);
  });

  it('10.5.1: more fields than may be are answered by 431', async () => {
    const server = await ServerUnderTest.ready();
    const many = Array.from({ length: 500 }, (_, i) => [`x-${i}`, ''] as const);
    server.peer.send(headers(1, [...GET, ...many], { isEnd: true }));
    await server.peer.until(() => server.peer.of(T.HEADERS, 1).length > 0, 'answer');
    expect(server.peer.of(T.HEADERS, 1)[0]!.fields[0]).toEqual([':status', '431']);
  });

  it.each([0, 64, 200])(
    'RFC 7541 4.2: our table follows a smaller one of the client: %i bytes',
    async (bytes) => {
      const server = await ServerUnderTest.ready();
      server.onExchange = (exchange) => exchange.respond(200, [['x-server', 'the same in each answer']]);
      const ask = async (from: number) => {
        for (let id = from; id < from + 20; id += 2) server.peer.send(headers(id, GET, { isEnd: true }));
        await server.peer.settled();
      };
      await ask(1);
      server.peer.send(settings([[S.HEADER_TABLE_SIZE, bytes]]));
      await server.peer.settled();
      server.peer.announceTable(bytes);
      await ask(101);
      const heads = server.peer.of(T.HEADERS).map((it) => it.fields[1]);
      expect(heads).toEqual(heads.map(() => ['x-server', 'the same in each answer']));
      expect(heads.length).toBe(20);
    },
  );
});

describe('a client that does not read', () => {
  /** Streams that answer 1 MB each, by an application that minds sendBody()'s answer. */
  async function flooded(windowBytes: number): Promise<ServerUnderTest> {
    const server = new ServerUnderTest();
    const block = Buffer.alloc(16 * 1024, 97);
    server.onExchange = (exchange) => {
      exchange.respond(200, [], false);
      let left = 64;
      const go = () => {
        while (left > 0) if (!exchange.send(block, --left === 0)) return;
      };
      exchange.onDrain = go;
      go();
    };
    server.peer.send(PREFACE);
    await server.peer.handshake([[S.INITIAL_WINDOW_SIZE, windowBytes]]);
    server.peer.send(windowUpdate(0, 2 ** 30));
    await server.peer.settled();
    return server;
  }

  it('10.5: leaves little in the transport, however many streams it opens and whatever window it gives', async () => {
    const server = await flooded(2 ** 30);
    server.transport.take(false);
    for (let i = 0; i < 100; i++) server.peer.send(headers(odd(i), GET, { isEnd: true }));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(server.transport.queuedBytes).toBeGreaterThan(0);
    expect(server.transport.queuedBytes).toBeLessThan(512 * 1024);
    for (const exchange of server.exchanges) expect(exchange.drains).toBe(0);
    server.transport.take(true);
    server.peer.countsData = true;
    const isWhole = (_: unknown, i: number) => server.peer.received.get(odd(i)) === 2 ** 20;
    await server.peer.until(() => server.exchanges.every(isWhole), 'all answers');
    expect(server.connection.activeStreams).toBe(0);
  });

  it('zero windows held open: the stream is reset after the limit, with CANCEL, and the others go on', async () => {
    const server = await flooded(0);
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    server.sweep(defaultH2Limits.zeroWindowTimeoutMs - 1000);
    server.peer.send(windowUpdate(1, 1));
    await server.peer.settled();
    server.sweep(defaultH2Limits.zeroWindowTimeoutMs - 1000);
    await server.peer.settled();
    expect(server.peer.resetCode(1), 'the window was opened in time').toBeNull();
    for (let i = 0; i < 3; i++) {
      server.sweep(10_000);
      await server.peer.settled();
    }
    await server.peer.until(() => server.peer.resetCode(1) === E.CANCEL, 'reset');
    expect(server.limitsHit).toEqual(['zero_window']);
    expect(server.exchanges[0]!.failure).not.toBeNull();
    expect([server.connection.activeStreams, server.peer.of(T.GOAWAY)]).toEqual([0, []]);
  });

  it("the connection's window held shut: the stream is reset all the same", async () => {
    const server = new ServerUnderTest();
    server.onExchange = (exchange) => {
      exchange.respond(200, [], false);
      exchange.send(Buffer.alloc(100_000));
    };
    server.peer.send(PREFACE);
    await server.peer.handshake([[S.INITIAL_WINDOW_SIZE, 2 ** 30]]);
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    for (let passedMs = 10_000; passedMs < defaultH2Limits.zeroWindowTimeoutMs; passedMs += 10_000) {
      expect(server.peer.resetCode(1)).toBeNull();
      server.sweep(10_000);
      await server.peer.settled();
    }
    server.sweep(10_000);
    await server.peer.until(() => server.peer.resetCode(1) === E.CANCEL, 'reset');
    expect(server.limitsHit).toEqual(['zero_window']);
  });

  it('a window of one byte at a time is served byte by byte, with what waits bounded', async () => {
    const server = await flooded(0);
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    for (let i = 0; i < 5000; i++) {
      server.peer.send(windowUpdate(1, 1));
      if (i % 100 === 0) await server.peer.settled();
      if (i % 100 === 0) server.sweep(1000);
      expect(server.transport.queuedBytes).toBe(0);
    }
    await server.peer.settled();
    expect(server.peer.body(1).length).toBe(5000);
  });
});

describe('deadlines, at a sweep', () => {
  const settle = async (server: ServerUnderTest, passedMs: number) => {
    server.sweep(passedMs);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  const limits: Partial<H2Limits> = { settingsTimeoutMs: 5000, pingAfterMs: 30_000, pingTimeoutMs: 7000 };

  it.each([
    ['SETTINGS of the client', []],
    ['its acknowledgement of ours', [settings()]],
  ])('6.5.3: %s', async (_, sent) => {
    const server = new ServerUnderTest(limits);
    server.peer.send(PREFACE, ...sent);
    await settle(server, 4000);
    expect(server.peer.isClosed).toBe(false);
    await settle(server, 2000);
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect(server.peer.goawayCode()).toBe(E.SETTINGS_TIMEOUT);
    expect(server.limitsHit).toEqual(['settings_timeout']);
  });

  it('the preface itself', async () => {
    const server = new ServerUnderTest(limits, { headMs: 5000 });
    server.peer.send(PREFACE.subarray(0, 10));
    await settle(server, 4000);
    await settle(server, 2000);
    await server.peer.until(() => server.peer.isClosed, 'close');
  });

  it('6.7: a silent client is asked by PING, and its connection ends without an answer', async () => {
    const server = await ServerUnderTest.ready(limits);
    server.onExchange = () => {};
    server.peer.send(headers(1, POST));
    await server.peer.settled();
    await settle(server, 31_000);
    const [question] = server.peer.of(T.PING).filter((it) => it.flags === 0);
    expect(question).toBeDefined();
    server.peer.send(frame(T.PING, F.ACK, 0, question!.payload));
    await settle(server, 8000);
    expect(server.peer.isClosed, 'it answered').toBe(false);
    await settle(server, 31_000);
    await settle(server, 8000);
    await server.peer.until(() => server.closes === 1, 'onClose');
    expect(server.limitsHit).toEqual(['ping_timeout']);
    expect(server.exchanges[0]!.failure?.kind).toBe('closed');
  });

  it('6.7: no PING is sent where the limit says never', async () => {
    const server = await ServerUnderTest.ready({ ...limits, pingAfterMs: 0 });
    server.onExchange = () => {};
    server.peer.send(headers(1, POST));
    await server.peer.settled();
    server.peer.frames.length = 0;
    for (let i = 0; i < 5; i++) await settle(server, 60_000);
    expect([server.peer.frames, server.peer.isClosed]).toEqual([[], false]);
  });

  it('a field block that does not end', async () => {
    const server = await ServerUnderTest.ready({}, { headMs: 3000 });
    server.peer.send(openHeaders(1, getBlock));
    await settle(server, 2000);
    expect(server.peer.isClosed).toBe(false);
    await settle(server, 2000);
    await server.peer.until(() => server.peer.isClosed || server.peer.resetCode(1) !== null, 'end');
    expect(server.exchanges).toEqual([]);
  });

  it('a connection without a stream closes in order', async () => {
    const server = await ServerUnderTest.ready({ pingAfterMs: 0 }, { idleMs: 3000 });
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    await settle(server, 2000);
    expect(server.peer.isClosed).toBe(false);
    for (let i = 0; i < 4 && !server.peer.isClosed; i++) await settle(server, 2000);
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect(server.peer.goawayCode()).toBe(E.NO_ERROR);
  });
});
