/** RFC 9113 sections 5.1.2, 5.2, 6.4, 6.8 and RFC 8441 at a client: requests, credit, capacity, and the end. */
// Long because each rule has its case, and a reader of the RFC wants them in one place.
import { describe, expect, it } from 'vitest';
import { defaultH2Limits } from '../../exchange/limits.ts';
import { TransportError } from '../../transport/transport.ts';
import { ClientExchange, ClientUnderTest } from '../testing/client-under-test.ts';
import { PeerCredit } from '../testing/peer-credit.ts';
import {
  data,
  E,
  F,
  frame,
  goaway,
  headers,
  ping,
  rst,
  S,
  settings,
  T,
  windowUpdate,
} from '../testing/raw-frames.ts';

const { streamWindowBytes } = defaultH2Limits;
const OK = [[':status', '200']] as const;
const ended = (id: number) => headers(id, OK, { isEnd: true });

describe('a request (section 8.3.1)', () => {
  it('has its pseudo-header fields first, lower-case names, and nothing of an HTTP/1.1 connection', async () => {
    const client = await ClientUnderTest.ready();
    client.request('GET', {
      path: '/a?b=c',
      fields: [
        ['X-Upper', 'A'],
        ['Connection', 'keep-alive, x-hop'],
        ['X-Hop', '1'],
        ['Keep-Alive', 'timeout=5'],
        ['TE', 'trailers'],
      ],
    });
    await client.peer.settled();
    const [head] = client.peer.of(T.HEADERS, 1);
    const pseudo = head!.fields.filter(([name]) => name.startsWith(':'));
    expect(new Map(pseudo)).toEqual(
      new Map([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/a?b=c'],
        [':authority', 'a.test'],
      ]),
    );
    expect(head!.fields.slice(0, 4)).toEqual(pseudo);
    expect(head!.fields.slice(4).sort()).toEqual([
      ['te', 'trailers'],
      ['x-upper', 'A'],
    ]);
    expect(head!.flags & F.END_STREAM).toBe(F.END_STREAM);
  });

  it('has a body and trailers', async () => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request('POST');
    exchange.send('body');
    exchange.sendTrailers([['X-Sum', '1']]);
    await client.peer.settled();
    expect([client.peer.body(1), client.peer.hasEnded(1)]).toEqual(['body', true]);
    expect(client.peer.of(T.HEADERS, 1)[1]!.fields).toEqual([['x-sum', '1']]);
  });

  it('5.1.1: has the next odd identifier', async () => {
    const client = await ClientUnderTest.ready();
    for (let i = 0; i < 3; i++) client.request();
    await client.peer.settled();
    expect(client.peer.of(T.HEADERS).map((it) => it.streamId)).toEqual([1, 3, 5]);
  });

  it.each([0, 100])('RFC 7541 4.2: keeps to a table of %i bytes', async (bytes) => {
    const client = await ClientUnderTest.ready([[S.HEADER_TABLE_SIZE, bytes]]);
    client.peer.announceTable(bytes);
    for (let i = 0; i < 10; i++) client.request('GET', { fields: [['x-same', 'in every request']] });
    await client.peer.settled();
    const seen = client.peer.of(T.HEADERS).map((it) => it.fields.at(-1));
    expect(seen).toEqual(seen.map(() => ['x-same', 'in every request']));
    expect(seen.length).toBe(10);
  });
});

describe('credit (sections 5.2, 6.9)', () => {
  it('bounds a body by stream and connection, and tells when to write on', async () => {
    const client = await ClientUnderTest.ready([[S.INITIAL_WINDOW_SIZE, 10]]);
    const exchange = client.request('POST');
    expect([exchange.send('1234567890'), exchange.send('1')]).toEqual([true, false]);
    expect(exchange.send('2345', true), 'nothing follows an end').toBe(true);
    await client.peer.settled();
    expect(client.peer.body(1)).toBe('1234567890');
    client.peer.send(settings([[S.INITIAL_WINDOW_SIZE, 5]]), windowUpdate(1, 5));
    await client.peer.settled();
    expect(client.peer.body(1).length, 'the window is 0').toBe(10);
    client.peer.send(windowUpdate(1, 5));
    await client.peer.settled();
    expect([client.peer.body(1), client.peer.hasEnded(1)]).toEqual(['123456789012345', true]);
  });

  it('of a window before SETTINGS came is the default, whatever comes later', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    const exchange = client.request('POST');
    exchange.send(Buffer.alloc(70_000));
    await client.peer.until(() => client.peer.body(1).length === 65535, 'a default window');
    client.peer.send(settings([[S.INITIAL_WINDOW_SIZE, 70_000]]), windowUpdate(0, 100_000));
    await client.peer.until(() => client.peer.body(1).length === 70_000, 'the rest');
  });

  it('is given for what is passed on, and not while a stream is paused', async () => {
    const client = new ClientUnderTest();
    const credit = new PeerCredit(client.peer);
    client.connection.onConnect();
    await client.peer.handshake();
    const [paused, open] = [client.request(), client.request()];
    await client.peer.settled();
    paused.stream.pause();
    client.peer.send(headers(1, OK), headers(3, OK));
    let sent = 0;
    for (let rounds = 0; rounds < 3; rounds++) {
      sent += credit.send(1, 2 ** 20);
      await client.peer.settled();
    }
    expect([sent, paused.bodyBytes]).toEqual([streamWindowBytes, streamWindowBytes]);
    for (let left = 3 * 2 ** 20; left > 0; ) {
      const now = credit.send(3, left);
      left -= now;
      await client.peer.settled();
      expect(now, 'credit came').toBeGreaterThan(0);
    }
    expect(open.bodyBytes).toBe(3 * 2 ** 20);
    paused.during(() => paused.stream.resume());
    await client.peer.settled();
    expect(credit.stream(1)).toBe(streamWindowBytes);
  });
});

describe('capacity (section 5.1.2)', () => {
  it('is told of once the connection stands', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    await client.peer.until(() => client.capacities === 1, 'onCapacity');
  });

  it('is 100 until SETTINGS came, then what the server allows', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    expect(client.connection.capacity).toBe(100);
    await client.peer.handshake([[S.MAX_CONCURRENT_STREAMS, 3]]);
    expect(client.connection.capacity).toBe(3);
    const exchanges = [client.request(), client.request(), client.request()];
    await client.peer.settled();
    expect([client.connection.capacity, client.connection.activeStreams]).toEqual([0, 3]);
    const before = client.capacities;
    client.peer.send(ended(1));
    await client.peer.settled();
    expect([exchanges[0]!.isEnded, client.connection.capacity, client.capacities > before]).toEqual([
      true,
      1,
      true,
    ]);
  });

  it('may fall below what is open, and rise again', async () => {
    const client = await ClientUnderTest.ready([[S.MAX_CONCURRENT_STREAMS, 3]]);
    client.request();
    client.request();
    client.peer.send(settings([[S.MAX_CONCURRENT_STREAMS, 0]]));
    await client.peer.settled();
    expect(client.connection.capacity).toBe(0);
    const before = client.capacities;
    client.peer.send(settings([[S.MAX_CONCURRENT_STREAMS, 10]]));
    await client.peer.settled();
    expect([client.connection.capacity, client.capacities > before]).toEqual([8, true]);
  });
});

describe('how an exchange breaks off (sections 6.4, 8.7)', () => {
  const both = async () => {
    const client = await ClientUnderTest.ready();
    const exchanges = [client.request('POST'), client.request('POST')] as const;
    await client.peer.settled();
    return { client, exchanges };
  };

  it('REFUSED_STREAM: it was not processed', async () => {
    const { client, exchanges } = await both();
    client.peer.send(rst(1, E.REFUSED_STREAM));
    await client.peer.settled();
    expect([exchanges[0].failure, exchanges[1].failure]).toEqual([{ kind: 'refused' }, null]);
  });

  it.each([E.CANCEL, E.INTERNAL_ERROR, E.NO_ERROR, 77])(
    'RST_STREAM with code %i before the answer ended',
    async (code) => {
      const { client, exchanges } = await both();
      client.peer.send(headers(1, OK), data(1, 'x'), rst(1, code));
      await client.peer.settled();
      expect([exchanges[0].body, exchanges[0].failure]).toEqual(['x', { kind: 'reset', code }]);
      expect(client.connection.activeStreams).toBe(1);
    },
  );

  it.each([
    ['cancel', E.CANCEL],
    ['internal', E.INTERNAL_ERROR],
    ['refused', E.REFUSED_STREAM],
    ['protocol', E.PROTOCOL_ERROR],
  ] as const)('abort by us: %s', async (reason, code) => {
    const { client, exchanges } = await both();
    exchanges[0].abort(reason);
    await client.peer.settled();
    expect(client.peer.resetCode(1)).toBe(code);
    expect([exchanges[0].failure, client.connection.activeStreams]).toEqual([null, 1]);
  });

  it('the connection breaks: told whether it had served before', async () => {
    const { client, exchanges } = await both();
    const error = new TransportError('ECONNRESET', 'read', 'read failed');
    client.transport.fail(error);
    expect(exchanges.map((it) => it.failure?.kind)).toEqual(['closed', 'closed']);
    expect([client.closes, client.connection.capacity]).toEqual([1, 0]);
  });

  it('the connection breaks between open() and sendRequest()', async () => {
    const client = await ClientUnderTest.ready();
    const exchange = new ClientExchange();
    client.connection.open(exchange);
    expect(client.connection.activeStreams).toBe(1);
    client.transport.fail(null);
    expect([exchange.failure?.kind, client.connection.activeStreams]).toEqual(['closed', 0]);
  });

  it('the connection never stood', () => {
    const client = new ClientUnderTest();
    const exchange = client.request();
    client.transport.fail(new TransportError('ECONNREFUSED', 'connect', 'connect failed'));
    expect([exchange.failure?.kind, client.closes]).toEqual(['connect', 1]);
  });

  it('the server refuses our certificate, which TLS 1.3 says only once the connection stands', async () => {
    const { client, exchanges } = await both();
    client.transport.fail(new TransportError('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'handshake', 'refused'));
    expect(exchanges.map((it) => it.failure?.kind)).toEqual(['connect', 'connect']);
  });

  it('the server half-closes within an answer', async () => {
    const { client, exchanges } = await both();
    client.peer.send(headers(1, OK), data(1, 'x'));
    client.transport.deliverEnd();
    await client.peer.until(() => exchanges[1].failure !== null, 'onAbort');
    expect(exchanges.map((it) => it.failure?.kind)).toEqual(['closed', 'closed']);
  });
});

describe('GOAWAY (section 6.8)', () => {
  it('refuses what is above the last stream, and lets the others go on', async () => {
    const client = await ClientUnderTest.ready();
    const exchanges = [client.request(), client.request(), client.request()] as const;
    await client.peer.settled();
    client.peer.send(goaway(3, E.NO_ERROR));
    await client.peer.settled();
    expect(exchanges.map((it) => it.failure)).toEqual([null, null, { kind: 'refused' }]);
    expect([client.retirings, client.connection.capacity]).toEqual([1, 0]);
    client.peer.send(ended(3), ended(1));
    await client.peer.until(() => client.peer.isClosed, 'close');
    expect([exchanges[0].status, exchanges[1].status]).toEqual([200, 200]);
    client.transport.fail(null);
    expect([client.closes, client.retirings]).toEqual([1, 1]);
  });

  it('in two steps: first warned, then told', async () => {
    const client = await ClientUnderTest.ready();
    const exchanges = [client.request(), client.request()] as const;
    await client.peer.settled();
    client.peer.send(goaway(2 ** 31 - 1, E.NO_ERROR));
    await client.peer.settled();
    expect(exchanges.map((it) => it.failure)).toEqual([null, null]);
    expect([client.connection.capacity, client.retirings]).toEqual([0, 1]);
    client.peer.send(goaway(1, E.NO_ERROR));
    await client.peer.settled();
    expect(exchanges.map((it) => it.failure)).toEqual([null, { kind: 'refused' }]);
    client.peer.send(ended(1));
    await client.peer.until(() => client.peer.isClosed, 'close');
    expect(client.retirings).toBe(1);
  });

  it('with an error code: what may have been processed is not called refused', async () => {
    const client = await ClientUnderTest.ready();
    const exchanges = [client.request(), client.request()] as const;
    await client.peer.settled();
    client.peer.send(goaway(1, E.ENHANCE_YOUR_CALM, 'calm'));
    client.transport.deliverEnd();
    await client.peer.until(() => exchanges[0].failure !== null, 'onAbort');
    expect(exchanges.map((it) => it.failure?.kind)).toEqual(['closed', 'refused']);
  });

  it('whose last stream rises is a PROTOCOL_ERROR, or not minded', async () => {
    const client = await ClientUnderTest.ready();
    const exchanges = [client.request(), client.request()] as const;
    await client.peer.settled();
    client.peer.send(goaway(1, E.NO_ERROR), goaway(3, E.NO_ERROR));
    await client.peer.settled();
    expect(exchanges[1].failure).toEqual({ kind: 'refused' });
    expect([null, E.PROTOCOL_ERROR, E.NO_ERROR]).toContain(client.peer.goawayCode());
  });

  it('retire() lets what is open end, and closes in order', async () => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request();
    client.connection.retire();
    await client.peer.settled();
    expect([client.connection.capacity, client.peer.isClosed]).toEqual([0, false]);
    client.peer.send(ended(1));
    await client.peer.until(() => client.peer.isClosed, 'close');
    expect([exchange.status, client.peer.goawayCode() ?? 0]).toEqual([200, 0]);
  });
});

describe('RFC 8441: extended CONNECT', () => {
  const webSocket = {
    fields: [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ] as const,
    isEnd: false,
  };

  it('waits for the SETTINGS that allow it, then opens a tunnel by 200', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    const exchange = client.request('GET', webSocket);
    await client.peer.until(() => client.peer.of(T.SETTINGS).length > 0, 'SETTINGS');
    await new Promise(setImmediate);
    expect(client.peer.of(T.HEADERS)).toEqual([]);
    client.peer.send(settings([[S.ENABLE_CONNECT_PROTOCOL, 1]]));
    await client.peer.until(() => client.peer.of(T.HEADERS).length > 0, 'request');
    const [head] = client.peer.of(T.HEADERS);
    expect(new Map(head!.fields).get(':method')).toBe('CONNECT');
    expect(new Map(head!.fields).get(':protocol')).toBe('websocket');
    expect(head!.flags & F.END_STREAM).toBe(0);
    client.peer.send(headers(head!.streamId, OK), data(head!.streamId, 'down', { isEnd: true }));
    await client.peer.settled();
    expect([exchange.body, exchange.isEnded, client.connection.activeStreams]).toEqual(['down', true, 1]);
    exchange.send('up', true);
    await client.peer.settled();
    expect(client.peer.body(head!.streamId)).toBe('up');
    expect([client.connection.activeStreams, client.peer.of(T.RST_STREAM)]).toEqual([0, []]);
  });

  it('keeps what is sent into it meanwhile', async () => {
    const client = new ClientUnderTest();
    client.connection.onConnect();
    const exchange = client.request('GET', webSocket);
    exchange.send('early');
    await client.peer.until(() => client.peer.of(T.SETTINGS).length > 0, 'SETTINGS');
    await new Promise(setImmediate);
    expect([client.peer.of(T.HEADERS), client.peer.of(T.DATA)]).toEqual([[], []]);
    client.peer.send(settings([[S.ENABLE_CONNECT_PROTOCOL, 1]]));
    await client.peer.until(() => client.peer.body(1) === 'early', 'what was kept');
    const ofStream = client.peer.frames.filter((it) => it.streamId === 1);
    expect(ofStream.map((it) => it.type)).toEqual([T.HEADERS, T.DATA]);
  });

  it('is given up where the server does not allow it', async () => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request('GET', webSocket);
    expect(exchange.failure, 'not from within the call').toBeNull();
    await client.peer.until(() => exchange.failure !== null, 'onAbort');
    expect(exchange.failure).toMatchObject({
      kind: 'protocol',
      error: { code: 'EXTENDED_CONNECT_UNSUPPORTED' },
    });
    expect(client.peer.of(T.HEADERS)).toEqual([]);
  });
});

describe('limits at a client (section 10.5)', () => {
  it.each<[string, () => Buffer]>([
    ['PING', () => ping('x')],
    ['SETTINGS', () => settings()],
    ['empty DATA', () => data(1, '')],
    ['unknown frames', () => frame(0xbe, 0, 0, Buffer.alloc(0))],
  ])('a server that floods is left: %s', async (_, bytes) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request();
    client.peer.send(headers(1, OK));
    await client.peer.settled();
    for (let i = 0; i < 5000 && !client.peer.isClosed; i++) client.peer.send(bytes());
    await client.peer.until(() => client.peer.isClosed, 'close');
    expect([client.peer.goawayCode(), client.limitsHit]).toEqual([E.ENHANCE_YOUR_CALM, ['control_frames']]);
    client.transport.fail(null);
    expect(exchange.failure).not.toBeNull();
  });

  it('a server without SETTINGS is left after the limit', async () => {
    const client = new ClientUnderTest({ settingsTimeoutMs: 5000 });
    client.connection.onConnect();
    client.request();
    client.sweep(4000);
    client.sweep(2000);
    await client.peer.until(() => client.peer.isClosed, 'close');
    expect(client.limitsHit).toEqual(['settings_timeout']);
  });

  it('a server that keeps the window of a request shut has the stream reset', async () => {
    const client = await ClientUnderTest.ready([[S.INITIAL_WINDOW_SIZE, 10]]);
    const exchange = client.request('POST');
    exchange.send('12345678901');
    await client.peer.settled();
    for (let passedMs = 0; passedMs <= 310_000; passedMs += 10_000) {
      client.sweep(10_000);
      await client.peer.settled();
    }
    await client.peer.until(() => client.peer.resetCode(1) === E.CANCEL, 'reset');
    expect([client.limitsHit, client.connection.activeStreams]).toEqual([['zero_window'], 0]);
    expect(exchange.failure).not.toBeNull();
  });

  it('a silent server is asked by PING, and left without an answer', async () => {
    const client = await ClientUnderTest.ready([], { pingAfterMs: 30_000, pingTimeoutMs: 7000 });
    const exchange = client.request();
    await client.peer.settled();
    client.sweep(31_000);
    await client.peer.until(() => client.peer.of(T.PING).some((it) => it.flags === 0), 'PING');
    client.sweep(8000);
    await client.peer.until(() => client.closes === 1, 'onClosed');
    expect([exchange.failure?.kind, client.limitsHit]).toEqual(['closed', ['ping_timeout']]);
  });
});
