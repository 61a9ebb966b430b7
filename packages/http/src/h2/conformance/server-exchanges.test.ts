/** RFC 9113 sections 5.4, 6.4, 6.8 and 8.1 at a server: answers, resets, and how a connection ends. */
import { seededRandom } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { data, E, F, type Fields, goaway, headers, rst, T, windowUpdate } from '../testing/raw-frames.ts';
import { answersAtEnd, ServerUnderTest } from '../testing/server-under-test.ts';
import { GET, POST } from '../testing/verdict.ts';

const HEAD = [[':method', 'HEAD'], ...GET.slice(1)] as const;

async function holding(...sent: Buffer[]): Promise<ServerUnderTest> {
  const server = await ServerUnderTest.ready();
  server.onExchange = () => {};
  server.peer.send(...sent);
  await server.peer.settled();
  return server;
}

const statuses = (server: ServerUnderTest, id: number) =>
  server.peer.of(T.HEADERS, id).map((it) => it.fields[0]![1]);

describe('an answer (section 8.1)', () => {
  it('is a head, DATA, and trailers that end it', async () => {
    const server = await holding(headers(1, GET, { isEnd: true }));
    const [exchange] = server.exchanges;
    exchange!.respond(200, [['x-a', 'b']], false);
    exchange!.send('one');
    exchange!.send('two');
    exchange!.sendTrailers([['x-t', '1']]);
    await server.peer.settled();
    const [head, trailers] = server.peer.of(T.HEADERS, 1);
    expect(head!.fields).toEqual([
      [':status', '200'],
      ['x-a', 'b'],
    ]);
    expect(server.peer.body(1)).toBe('onetwo');
    expect([trailers!.fields, trailers!.flags & F.END_STREAM]).toEqual([[['x-t', '1']], F.END_STREAM]);
    expect(server.connection.activeStreams).toBe(0);
  });

  it('8.2: has its names in lower case, and no field of an HTTP/1.1 connection (8.2.2)', async () => {
    const server = await holding(headers(1, GET, { isEnd: true }));
    server.exchanges[0]!.respond(200, [
      ['X-Upper', 'A'],
      ['Connection', 'keep-alive, x-hop'],
      ['Keep-Alive', 'timeout=5'],
      ['X-Hop', '1'],
      ['Transfer-Encoding', 'chunked'],
    ]);
    await server.peer.settled();
    expect(server.peer.of(T.HEADERS, 1)[0]!.fields).toEqual([
      [':status', '200'],
      ['x-upper', 'A'],
    ]);
  });

  it('4.3: of any size, many in one turn, leaves the tables of both sides in step', async () => {
    const random = seededRandom(7);
    const pick = (below: number) => Math.floor(random() * below);
    // Values that come again, so that they enter the table, and together more than any block of output.
    const values = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(1 + pick(1500)));
    const server = await ServerUnderTest.ready();
    const sent: [string, string][][] = [];
    server.onExchange = (exchange) => {
      const fields = Array.from(
        { length: 1 + pick(8) },
        () => [`x-${pick(5)}`, values[pick(values.length)]!] as [string, string],
      );
      sent.push([[':status', '200'], ...fields]);
      exchange.respond(200, fields);
    };
    for (let round = 0; round < 5; round++) {
      const ids = Array.from({ length: 60 }, (_, i) => 2 * (round * 60 + i) + 1);
      server.peer.send(...ids.map((id) => headers(id, GET, { isEnd: true })));
      await server.peer.settled();
    }
    const heads = server.peer.frames.filter((it) => it.fields.length > 0).map((it) => it.fields);
    expect(heads).toEqual(sent);
  });

  it('may follow interim answers, which end nothing', async () => {
    const server = await holding(headers(1, POST));
    const [exchange] = server.exchanges;
    exchange!.interim(100);
    exchange!.interim(103, [['link', '</a>']]);
    await server.peer.settled();
    expect([statuses(server, 1), server.peer.hasEnded(1)]).toEqual([['100', '103'], false]);
    server.peer.send(data(1, 'x', { isEnd: true }));
    await server.peer.settled();
    exchange!.respond(204);
    await server.peer.settled();
    expect([statuses(server, 1), server.peer.hasEnded(1)]).toEqual([['100', '103', '204'], true]);
  });

  it.each([
    ['to HEAD', HEAD, 200, [['content-length', '5']]],
    ['of 204', GET, 204, []],
    ['of 304', GET, 304, [['content-length', '5']]],
  ] as const)('%s has no DATA', async (_, request, status, fields) => {
    const server = await holding(headers(1, request, { isEnd: true }));
    expect(server.exchanges[0]!.stream.isHeadRequest).toBe(request === HEAD);
    server.exchanges[0]!.respond(status, fields);
    await server.peer.settled();
    expect(server.peer.of(T.DATA, 1)).toEqual([]);
    expect([statuses(server, 1), server.peer.hasEnded(1)]).toEqual([[String(status)], true]);
  });

  it.each(['head', 'body', 'trailers'])('that has ended with its %s takes nothing more', async (last) => {
    const server = await holding(headers(1, POST));
    const [exchange] = server.exchanges;
    exchange!.respond(200, [], last === 'head');
    if (last === 'body') exchange!.send('body', true);
    else if (last === 'trailers') exchange!.sendTrailers([['x-t', '1']]);
    await server.peer.settled();
    server.peer.frames.length = 0;
    expect(exchange!.send('more'), 'dropped').toBe(true);
    exchange!.sendTrailers([['x-more', '1']]);
    exchange!.interim(103);
    await server.peer.settled();
    expect(server.peer.frames.filter((it) => it.streamId === 1)).toEqual([]);
  });

  it.each([
    ['to HEAD', HEAD],
    [
      'in a tunnel',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.test:443'],
      ] as Fields,
    ],
  ])('%s cannot have trailers: the end alone is sent', async (_, request) => {
    const server = await holding(headers(1, request));
    server.exchanges[0]!.respond(200, [], false);
    server.exchanges[0]!.sendTrailers([['x-t', '1']]);
    await server.peer.settled();
    expect([server.peer.of(T.HEADERS, 1).length, server.peer.hasEnded(1)]).toEqual([1, true]);
  });

  it('whose trailers are larger than any is reset, and the connection goes on', async () => {
    const server = await holding(headers(1, GET, { isEnd: true }), headers(3, GET, { isEnd: true }));
    const [first, second] = server.exchanges;
    const large = Array.from({ length: 2 }, (_, i) => [`x-${i}`, 'v'.repeat(50_000)] as const);
    first!.respond(200, [], false);
    first!.sendTrailers(large);
    await server.peer.settled();
    expect(server.peer.resetCode(1)).toBe(E.INTERNAL_ERROR);
    second!.respond(200, [['x-a', 'b']]);
    await server.peer.settled();
    expect(server.peer.of(T.HEADERS, 3)[0]!.fields[1]).toEqual(['x-a', 'b']);
    expect(server.connection.activeStreams).toBe(0);
  });

  it('that is complete before the request resets the stream with NO_ERROR, after itself', async () => {
    const server = await holding(headers(1, POST), data(1, 'part'));
    server.exchanges[0]!.respond(413, [['content-length', '2']], false);
    server.exchanges[0]!.send('no', true);
    await server.peer.settled();
    const order = server.peer.frames.filter((it) => it.streamId === 1 && it.type !== T.WINDOW_UPDATE);
    expect(order.map((it) => it.type)).toEqual([T.HEADERS, T.DATA, T.RST_STREAM]);
    expect(server.peer.resetCode(1)).toBe(E.NO_ERROR);
    server.peer.send(data(1, 'the rest', { isEnd: true }));
    await server.peer.settled();
    expect(server.exchanges[0]!.body, 'the rest is discarded').toBe('part');
    expect([server.peer.of(T.GOAWAY), server.connection.activeStreams]).toEqual([[], 0]);
  });

  it('that ends while the client still waits for a window is not reset', async () => {
    const server = await holding(headers(1, POST));
    server.peer.send(data(1, 'all', { isEnd: true }));
    await server.peer.settled();
    server.exchanges[0]!.respond(200);
    await server.peer.settled();
    expect(server.peer.of(T.RST_STREAM)).toEqual([]);
  });
});

describe('a reset (sections 5.4.2, 6.4)', () => {
  it.each([
    ['cancel', E.CANCEL],
    ['internal', E.INTERNAL_ERROR],
    ['refused', E.REFUSED_STREAM],
    ['protocol', E.PROTOCOL_ERROR],
  ] as const)('says why: %s', async (reason, code) => {
    const server = await holding(headers(1, POST));
    server.exchanges[0]!.abort(reason);
    server.exchanges[0]!.abort(reason);
    await server.peer.settled();
    expect(server.peer.of(T.RST_STREAM).map((it) => it.payload.readUInt32BE())).toEqual([code]);
    expect(server.exchanges[0]!.failure).toBeNull();
    expect(server.connection.activeStreams).toBe(0);
  });

  it.each([E.NO_ERROR, E.CANCEL, E.INTERNAL_ERROR, 0xdead])(
    'of the client is told with its code %i and not answered',
    async (code) => {
      const server = await holding(headers(1, POST), headers(3, POST), rst(1, code));
      expect(server.exchanges[0]!.failure).toEqual({ kind: 'reset', code });
      expect(server.peer.of(T.RST_STREAM)).toEqual([]);
      expect([server.exchanges[1]!.failure, server.connection.activeStreams]).toEqual([null, 1]);
    },
  );

  it.each([true, false])('of the client frees what waits to be sent (answer whole: %s)', async (isEnd) => {
    const server = await holding(headers(1, GET, { isEnd: true }));
    server.exchanges[0]!.respond(200, [], false);
    server.exchanges[0]!.send(Buffer.alloc(200_000), isEnd);
    await server.peer.settled();
    expect(server.connection.activeStreams, 'the rest waits for a window').toBe(1);
    server.peer.frames.length = 0;
    server.peer.send(rst(1, E.CANCEL), windowUpdate(0, 200_000));
    await server.peer.settled();
    // Once the answer is given whole, the application has let go of the stream.
    expect(server.exchanges[0]!.failure?.kind).toBe(isEnd ? undefined : 'reset');
    expect([server.peer.of(T.DATA), server.connection.activeStreams]).toEqual([[], 0]);
  });

  it('within an event leaves the others alone', async () => {
    const server = await ServerUnderTest.ready();
    server.onExchange = (exchange) => (exchange.path === '/' ? exchange.abort() : answersAtEnd(exchange));
    const other = GET.map(([name, value]) => [name, name === ':path' ? '/other' : value] as const);
    server.peer.send(headers(1, GET, { isEnd: true }), headers(3, other, { isEnd: true }), headers(5, POST));
    await server.peer.settled();
    expect([server.peer.resetCode(1), server.peer.resetCode(5)]).toEqual([E.CANCEL, E.CANCEL]);
    expect(server.peer.hasEnded(3)).toBe(true);
  });
});

describe('the end of a connection (section 6.8)', () => {
  it('by drain() warns, then names the last stream, serves what is open, and closes', async () => {
    const server = await holding(headers(1, POST));
    server.connection.drain();
    await server.peer.settled();
    const [warning] = server.peer.of(T.GOAWAY);
    expect([warning!.payload.readUInt32BE(), warning!.payload.readUInt32BE(4)]).toEqual([2 ** 31 - 1, 0]);
    server.peer.send(headers(3, GET, { isEnd: true }));
    await server.peer.settled();
    expect(server.exchanges.length, 'one that was under way is taken').toBe(2);
    server.exchanges[1]!.respond(200);
    server.sweep(1000);
    await server.peer.settled();
    server.sweep(1000);
    await server.peer.until(() => server.peer.of(T.GOAWAY).length === 2, 'second GOAWAY');
    const last = server.peer.of(T.GOAWAY)[1]!.payload;
    expect([last.readUInt32BE(), last.readUInt32BE(4)]).toEqual([3, 0]);
    server.peer.send(headers(5, GET, { isEnd: true }));
    await server.peer.settled();
    expect(server.exchanges.length, 'what comes after is not').toBe(2);
    expect(server.peer.isClosed).toBe(false);
    server.peer.send(data(1, 'end', { isEnd: true }));
    await server.peer.settled();
    server.exchanges[0]!.respond(200);
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect(server.peer.hasEnded(1)).toBe(true);
    expect(server.peer.goawayCode()).toBe(E.NO_ERROR);
  });

  it('by drain() without a stream closes', async () => {
    const server = await holding();
    server.connection.drain();
    server.connection.drain();
    await server.peer.settled();
    server.sweep(1000);
    await server.peer.settled();
    server.sweep(1000);
    await server.peer.until(() => server.peer.isClosed, 'close');
    expect(server.peer.goawayCode()).toBe(E.NO_ERROR);
  });

  it('GOAWAY of the client: what is open goes on, and the connection closes after it', async () => {
    const server = await holding(headers(1, GET, { isEnd: true }), goaway(0, E.NO_ERROR, 'bye'));
    expect([server.exchanges[0]!.failure, server.peer.isClosed]).toEqual([null, false]);
    server.exchanges[0]!.respond(200);
    await server.peer.until(() => server.peer.hasEnded(1), 'answer');
  });

  it('half-closed by the client: what it asked for is still answered, or told as closed', async () => {
    const server = await holding(headers(1, GET, { isEnd: true }), headers(3, POST));
    server.transport.deliverEnd();
    const [whole, cut] = server.exchanges;
    await server.peer.until(() => cut!.failure !== null, 'onAbort of the request that is cut short');
    expect(cut!.failure!.kind).toBe('closed');
    if (whole!.failure === null) {
      whole!.respond(200);
      await server.peer.until(() => server.peer.hasEnded(1), 'answer');
    }
    await server.peer.until(() => server.closes === 1 || server.peer.isClosed, 'close');
  });

  it('that breaks tells each open stream, then the owner, once', async () => {
    const server = await holding(headers(1, POST), headers(3, GET, { isEnd: true }));
    server.transport.fail(null);
    expect(server.exchanges.map((it) => it.failure?.kind)).toEqual(['closed', 'closed']);
    expect([server.closes, server.connection.activeStreams]).toEqual([1, 0]);
  });

  it('by abort() tells no stream, only the owner', async () => {
    const server = await holding(headers(1, POST));
    server.connection.abort();
    await server.peer.until(() => server.closes === 1, 'onClose');
    expect([server.exchanges[0]!.failure, server.transport.isAborted]).toEqual([null, true]);
  });

  it('by abort() within onRequest stops everything', async () => {
    const server = await ServerUnderTest.ready();
    server.onExchange = () => server.connection.abort();
    server.peer.send(headers(1, POST), data(1, 'x'), headers(3, POST), headers(5, GET, { isEnd: true }));
    await server.peer.until(() => server.closes === 1, 'onClose');
    expect([server.exchanges.length, server.exchanges[0]!.body]).toEqual([1, '']);
  });
});
