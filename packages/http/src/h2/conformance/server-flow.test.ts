/** RFC 9113 sections 5.2 and 6.9 at a server, as the sender of responses and as the receiver of requests. */
// Long because each rule has its case, and a reader of the RFC wants them in one place.
import { describe, expect, it } from 'vitest';
import { defaultH2Limits } from '../../exchange/limits.ts';
import { PeerCredit } from '../testing/peer-credit.ts';
import {
  data,
  E,
  F,
  frame,
  headers,
  PREFACE,
  padded,
  S,
  settings,
  settingsAck,
  T,
  windowUpdate,
} from '../testing/raw-frames.ts';
import { ServerUnderTest } from '../testing/server-under-test.ts';
import { GET, POST } from '../testing/verdict.ts';

const { streamWindowBytes, connectionWindowBytes } = defaultH2Limits;

/** A server whose answer is `bytes` long; the client announces the window. */
async function answering(bytes: number, windowBytes: number): Promise<ServerUnderTest> {
  const server = new ServerUnderTest();
  server.onExchange = (exchange) => {
    exchange.respond(200, [['content-length', String(bytes)]], false);
    exchange.send(Buffer.alloc(bytes, 97), true);
  };
  server.peer.send(PREFACE);
  await server.peer.handshake([[S.INITIAL_WINDOW_SIZE, windowBytes]]);
  return server;
}

describe('what a server sends', () => {
  it('6.9.1: stays within the stream window, and ends with the last byte', async () => {
    const { peer } = await answering(25, 10);
    peer.send(headers(1, GET, { isEnd: true }));
    await peer.settled();
    expect([peer.body(1).length, peer.hasEnded(1)]).toEqual([10, false]);
    peer.send(windowUpdate(1, 10));
    await peer.settled();
    expect([peer.body(1).length, peer.hasEnded(1)]).toEqual([20, false]);
    peer.send(windowUpdate(1, 10));
    await peer.settled();
    expect([peer.body(1).length, peer.hasEnded(1)]).toEqual([25, true]);
    expect(peer.of(T.DATA, 1).length, 'no empty frame only to end').toBe(3);
  });

  it('6.9.1: stays within the connection window over all streams', async () => {
    const { peer } = await answering(40_000, 2 ** 20);
    peer.send(headers(1, GET, { isEnd: true }), headers(3, GET, { isEnd: true }));
    await peer.settled();
    expect(peer.body(1).length + peer.body(3).length).toBe(65535);
    peer.send(windowUpdate(0, 14_465));
    await peer.settled();
    expect([peer.body(1).length, peer.body(3).length]).toEqual([40_000, 40_000]);
    expect([peer.hasEnded(1), peer.hasEnded(3)]).toEqual([true, true]);
  });

  it('6.9: heads and an empty end pass without a window', async () => {
    const server = await answering(0, 0);
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    expect(server.peer.hasEnded(1)).toBe(true);
    expect(server.connection.activeStreams).toBe(0);
  });

  it('6.9: trailers wait for the body that the window holds back', async () => {
    const server = await answering(0, 3);
    server.onExchange = (exchange) => {
      exchange.respond(200, [], false);
      exchange.send('abcdef');
      exchange.sendTrailers([['x-t', '1']]);
    };
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    expect([server.peer.body(1), server.peer.hasEnded(1)]).toEqual(['abc', false]);
    server.peer.send(windowUpdate(1, 3));
    await server.peer.settled();
    expect(server.peer.body(1)).toBe('abcdef');
    expect(server.peer.of(T.HEADERS, 1).at(-1)!.fields).toEqual([['x-t', '1']]);
    expect(server.peer.hasEnded(1)).toBe(true);
  });

  it('6.9.2: SETTINGS widen the windows of open streams', async () => {
    const { peer } = await answering(25, 5);
    peer.send(headers(1, GET, { isEnd: true }));
    await peer.settled();
    peer.send(settings([[S.INITIAL_WINDOW_SIZE, 20]]));
    await peer.settled();
    expect(peer.body(1).length).toBe(20);
  });

  it('6.9.2: SETTINGS make a window negative, which updates must first make good', async () => {
    const { peer } = await answering(100, 50);
    peer.send(headers(1, GET, { isEnd: true }));
    await peer.settled();
    expect(peer.body(1).length).toBe(50);
    peer.send(settings([[S.INITIAL_WINDOW_SIZE, 20]]), windowUpdate(1, 30));
    await peer.settled();
    expect(peer.body(1).length, 'the window is 0, not more').toBe(50);
    peer.send(windowUpdate(1, 1));
    await peer.settled();
    expect(peer.body(1).length).toBe(51);
  });

  it('6.9.2: SETTINGS do not touch the connection window', async () => {
    const { peer } = await answering(100_000, 2 ** 20);
    peer.send(headers(1, GET, { isEnd: true }), settings([[S.INITIAL_WINDOW_SIZE, 2 ** 24]]));
    await peer.settled();
    expect(peer.body(1).length).toBe(65535);
  });

  it.each([
    ['16384 by default', 16384, []],
    ['what SETTINGS allow', 32768, [[S.MAX_FRAME_SIZE, 32768]] as const],
  ])('4.2: has frames of no more than %s', async (_, most, entries) => {
    const { peer } = await answering(60_000, 2 ** 20);
    peer.send(settings(entries), headers(1, GET, { isEnd: true }));
    await peer.settled();
    expect(peer.body(1).length).toBe(60_000);
    for (const it of peer.frames) expect(it.payload.length).toBeLessThanOrEqual(most);
  });

  it('4.2, 6.10: a head that fits no frame goes on in CONTINUATION', async () => {
    const server = await answering(0, 2 ** 20);
    server.onExchange = (exchange) =>
      exchange.respond(
        200,
        Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'v'.repeat(1000)] as const),
      );
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.until(() => server.peer.of(T.CONTINUATION, 1).at(-1)?.flags === F.END_HEADERS, 'head');
    for (const it of server.peer.frames) expect(it.payload.length).toBeLessThanOrEqual(16384);
    expect(server.peer.of(T.CONTINUATION, 1).at(-1)!.fields.length).toBe(41);
  });

  it('5.2.2: a stream whose window is shut holds up no other', async () => {
    const { peer } = await answering(1000, 0);
    peer.send(headers(1, GET, { isEnd: true }), headers(3, GET, { isEnd: true }), windowUpdate(3, 1000));
    await peer.settled();
    expect([peer.body(1).length, peer.hasEnded(3)]).toEqual([0, true]);
  });

  it('gives streams their turns: a large body does not starve a small one', async () => {
    const { peer } = await answering(60_000, 2 ** 20);
    const ids = [1, 3, 5, 7];
    peer.send(...ids.map((id) => headers(id, GET, { isEnd: true })));
    await peer.settled();
    peer.frames.length = 0;
    peer.send(windowUpdate(0, 8 * 16384));
    await peer.settled();
    const waiting = ids.filter((id) => peer.of(T.DATA, id).length > 0);
    expect(waiting.length, 'several streams moved').toBeGreaterThanOrEqual(3);
  });

  it('tells when to write on: sendBody() is false while bytes wait, and onDrain comes once they have gone', async () => {
    const server = await answering(0, 10);
    const answers: boolean[] = [];
    server.onExchange = (exchange) => {
      exchange.respond(200, [], false);
      answers.push(exchange.send('12345'), exchange.send('123456'));
    };
    server.peer.send(headers(1, GET, { isEnd: true }));
    await server.peer.settled();
    expect(answers).toEqual([true, false]);
    expect(server.exchanges[0]!.drains).toBe(0);
    server.peer.send(windowUpdate(1, 1));
    await server.peer.until(() => server.exchanges[0]!.drains === 1, 'onDrain');
    await server.peer.until(() => server.peer.body(1) === '12345123456', 'the last byte');
  });
});

/** A server that keeps what it gets, and a client that minds its credit. */
async function receiving(): Promise<{ server: ServerUnderTest; credit: PeerCredit }> {
  const server = new ServerUnderTest();
  const credit = new PeerCredit(server.peer);
  server.onExchange = (exchange) => {
    exchange.keepsBody = false;
    if (exchange.path === '/paused') exchange.stream.pause();
  };
  server.peer.send(PREFACE);
  await server.peer.handshake();
  return { server, credit };
}

const PAUSED = POST.map(([name, value]) => [name, name === ':path' ? '/paused' : value] as const);

describe('what a server receives', () => {
  it('6.9.1: is credited as it is passed on, to stream and connection', async () => {
    const { server, credit } = await receiving();
    server.peer.send(headers(1, POST));
    const total = 10 * 2 ** 20;
    let sent = 0;
    while (sent < total) {
      const now = credit.send(1, total - sent);
      sent += now;
      await server.peer.settled();
      expect(now, 'credit came').toBeGreaterThan(0);
    }
    expect(server.exchanges[0]!.bodyBytes).toBe(total);
    const updates = server.peer.of(T.WINDOW_UPDATE).length;
    expect(updates, 'updates are batched').toBeLessThan((2 * total) / 16384);
  });

  it('6.1: padding is credited too', async () => {
    const { server, credit } = await receiving();
    server.peer.send(headers(1, POST));
    const empty = frame(T.DATA, F.PADDED, 1, padded(Buffer.from('x'), 255));
    let stream = streamWindowBytes;
    let connection = credit.connection;
    for (let frames = 0; frames < 3000; frames++) {
      if (Math.min(stream, connection) < 257) {
        await server.peer.settled();
        const got = (id: number) =>
          server.peer.of(T.WINDOW_UPDATE, id).reduce((sum, it) => sum + it.payload.readUInt32BE(), 0);
        stream = streamWindowBytes + got(1) - frames * 257;
        connection = credit.connection - frames * 257;
        expect(Math.min(stream, connection)).toBeGreaterThanOrEqual(257);
      }
      stream -= 257;
      connection -= 257;
      server.peer.send(empty);
    }
    await server.peer.settled();
    expect(server.exchanges[0]!.bodyBytes).toBe(3000);
    expect(server.peer.of(T.GOAWAY)).toEqual([]);
  });

  it('6.1: frames of nothing but padding are credited too', async () => {
    const { server, credit } = await receiving();
    server.peer.send(headers(1, POST));
    const padding = frame(T.DATA, F.PADDED, 1, padded(Buffer.alloc(0), 255));
    const frames = Math.floor(streamWindowBytes / padding.length);
    for (let i = 0; i < frames; i++) {
      server.peer.send(padding);
      // Within the rate of frames that carry nothing.
      server.nowMs += 2;
    }
    await server.peer.settled();
    const spent = frames * (padding.length - 9);
    expect(credit.stream(1) - spent).toBeGreaterThanOrEqual(streamWindowBytes / 2);
  });

  it('5.2: a paused stream gets one window and no more, until it is resumed', async () => {
    const { server, credit } = await receiving();
    server.peer.send(headers(1, PAUSED));
    let sent = 0;
    for (let rounds = 0; rounds < 5; rounds++) {
      sent += credit.send(1, 2 ** 20);
      await server.peer.settled();
    }
    expect(sent).toBe(streamWindowBytes);
    expect(server.exchanges[0]!.bodyBytes, 'it is delivered all the same').toBe(sent);
    expect(server.peer.of(T.WINDOW_UPDATE, 1)).toEqual([]);
    server.exchanges[0]!.during(() => server.exchanges[0]!.stream.resume());
    await server.peer.settled();
    expect(credit.stream(1)).toBe(streamWindowBytes);
  });

  it('6.5.3, 6.9.2: a window below the default binds once it is acknowledged, and not before', async () => {
    const server = new ServerUnderTest({ streamWindowBytes: 1000 });
    server.onExchange = (exchange) => exchange.stream.pause();
    server.peer.send(PREFACE, settings(), headers(1, POST), data(1, Buffer.alloc(16_384)));
    await server.peer.settled();
    expect(server.exchanges[0]!.bodyBytes).toBe(16_384);
    server.peer.send(settingsAck, headers(3, POST), data(3, Buffer.alloc(1000)));
    await server.peer.settled();
    expect([server.exchanges[1]!.bodyBytes, server.peer.of(T.RST_STREAM)]).toEqual([1000, []]);
    server.peer.send(data(3, 'x'));
    await server.peer.settled();
    expect(server.peer.resetCode(3) ?? server.peer.goawayCode()).toBe(E.FLOW_CONTROL_ERROR);
  });

  it('5.2: paused streams hold up no other', async () => {
    const { server, credit } = await receiving();
    for (let id = 1; id < 20; id += 2) {
      server.peer.send(headers(id, PAUSED));
      credit.send(id, 2 ** 20);
      await server.peer.settled();
    }
    server.peer.send(headers(101, POST));
    let sent = 0;
    while (sent < 2 ** 20) {
      const now = credit.send(101, 2 ** 20 - sent);
      sent += now;
      await server.peer.settled();
      expect(now, 'credit came').toBeGreaterThan(0);
    }
  });

  it('10.5: what is not passed on is bounded over all streams', async () => {
    const { server, credit } = await receiving();
    let sent = 0;
    for (let id = 1; id < 200; id += 2) {
      server.peer.send(headers(id, PAUSED));
      sent += credit.send(id, 2 ** 20);
      await server.peer.settled();
    }
    expect(sent).toBeLessThanOrEqual(connectionWindowBytes);
    expect(sent, 'and is not needlessly small').toBeGreaterThan(connectionWindowBytes / 2);
    const paused = server.exchanges.slice();
    for (const exchange of paused) exchange.during(() => exchange.stream.resume());
    await server.peer.settled();
    expect(credit.connection, 'all of it comes back').toBeGreaterThan(connectionWindowBytes / 2);
  });

  it('10.5: a paused stream that is aborted gives its share back', async () => {
    const { server, credit } = await receiving();
    for (let id = 1; id < 400; id += 2) {
      server.peer.send(headers(id, PAUSED));
      expect(credit.send(id, 2 ** 20), `stream ${id}`).toBeGreaterThan(0);
      await server.peer.settled();
      server.exchanges.at(-1)!.abort();
      await server.peer.settled();
      server.nowMs += 100;
    }
    expect(server.connection.activeStreams).toBe(0);
  });

  it('6.9: DATA on streams that were reset is credited to the connection', async () => {
    const { server, credit } = await receiving();
    server.onExchange = (exchange) => exchange.abort();
    for (let id = 1; id < 100; id += 2) {
      server.peer.send(headers(id, POST));
      await server.peer.until(() => server.peer.resetCode(id) !== null, 'reset');
      expect(credit.send(id, 2 ** 20), `stream ${id}`).toBe(streamWindowBytes);
      await server.peer.settled();
      server.nowMs += 100;
    }
    expect(server.peer.of(T.GOAWAY)).toEqual([]);
  });

  it('6.9.1: DATA above the connection window is a FLOW_CONTROL_ERROR of the connection', async () => {
    const { server, credit } = await receiving();
    const ids = Array.from({ length: 60 }, (_, i) => 2 * i + 1);
    for (const id of ids) server.peer.send(headers(id, PAUSED));
    await server.peer.settled();
    for (const id of ids) credit.send(id, 2 ** 20);
    await server.peer.settled();
    const open = ids.find((id) => credit.stream(id) > credit.connection)!;
    server.peer.send(data(open, Buffer.alloc(credit.connection + 1)).subarray(0, 9));
    server.peer.send(Buffer.alloc(credit.connection + 1));
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect(server.peer.goawayCode()).toBe(E.FLOW_CONTROL_ERROR);
  });
});
