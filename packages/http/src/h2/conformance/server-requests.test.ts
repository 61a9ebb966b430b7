/** RFC 9113 section 8 and RFC 8441: malformed requests end their stream, with PROTOCOL_ERROR, and nothing else. */
import { describe, expect, it } from 'vitest';
import { continuation, data, E, type Fields, headers, openHeaders, rst, T } from '../testing/raw-frames.ts';
import { literalFields } from '../testing/raw-hpack.ts';
import { ServerUnderTest } from '../testing/server-under-test.ts';
import { accepted, arrivals, GET, judgeServer, POST, type Row, streamError } from '../testing/verdict.ts';

const malformed = streamError(1, E.PROTOCOL_ERROR);
const without = (name: string): Fields => GET.filter(([it]) => it !== name);
const withField = (name: string, value: string): Fields => [...GET, [name, value]];
const replaced = (name: string, value: string): Fields =>
  GET.map((it) => (it[0] === name ? [name, value] : it));
const connect: Fields = [
  [':method', 'CONNECT'],
  [':authority', 'a.test:443'],
];
const webSocket: Fields = [...replaced(':method', 'CONNECT'), [':protocol', 'websocket']];

const get = (fields: Fields) => [headers(1, fields, { isEnd: true })];

const badFields: readonly (readonly [string, Fields])[] = [
  ['8.2: an upper-case name', withField('X-Upper', 'a')],
  ['8.2.1: a name with a space', withField('x a', 'a')],
  ['8.2.1: a name with a control byte', withField('x\x01', 'a')],
  ['8.2.1: a name with DEL', withField('x\x7f', 'a')],
  ['8.2.1: a name above ASCII', withField('x\xe4', 'a')],
  ['8.2.1: an empty name', withField('', 'a')],
  ['8.2.1: a name with a colon in it', withField('x:y', 'a')],
  ['8.2.1: a value with NUL', withField('x-a', 'a\0b')],
  ['8.2.1: a value with CR', withField('x-a', 'a\rb')],
  ['8.2.1: a value with LF', withField('x-a', 'a\nb')],
  ['8.2.1: a value with CRLF and a field', withField('x-a', 'a\r\nx-b: c')],
  ['8.2.1: a value that begins with a space', withField('x-a', ' a')],
  ['8.2.1: a value that begins with a tab', withField('x-a', '\ta')],
  ['8.2.1: a value that ends with a space', withField('x-a', 'a ')],
  ['8.2.1: a value that ends with a tab', withField('x-a', 'a\t')],
  ['8.2.2: Connection', withField('connection', 'keep-alive')],
  ['8.2.2: Keep-Alive', withField('keep-alive', 'timeout=5')],
  ['8.2.2: Proxy-Connection', withField('proxy-connection', 'keep-alive')],
  ['8.2.2: Transfer-Encoding', withField('transfer-encoding', 'chunked')],
  ['8.2.2: Upgrade', withField('upgrade', 'h2c')],
  ['8.2.2: TE other than trailers', withField('te', 'gzip')],
  ['8.2.2: TE with trailers and more', withField('te', 'trailers, deflate;q=0.5')],
  ['8.3: an unknown pseudo-header field', withField(':unknown', 'a')],
  ['8.3: a pseudo-header field of responses', [...GET, [':status', '200']]],
  ['8.3: a pseudo-header field after a field', [...without(':path'), ['x-a', 'b'], [':path', '/']]],
  ['8.3.1: no :method', without(':method')],
  ['8.3.1: no :scheme', without(':scheme')],
  ['8.3.1: no :path', without(':path')],
  ['8.3.1: nothing at all', []],
  ['8.3: :method twice', [[':method', 'GET'], ...GET]],
  ['8.3: :scheme twice', [[':scheme', 'http'], ...GET]],
  ['8.3: :path twice', [[':path', '/'], ...GET]],
  ['8.3: :authority twice', [[':authority', 'a.test'], ...GET]],
  ['8.3.1: an empty :path', replaced(':path', '')],
  ['8.3.1: a :path that does not begin with a slash', replaced(':path', 'a')],
  ['8.3.1: * but for OPTIONS', replaced(':path', '*')],
  ['8.3.1: a :path with a space', replaced(':path', '/a b')],
  ['8.3.1: a :path with CR and LF', replaced(':path', '/a\r\nx: y')],
  ['8.3.1: a :path with a fragment', replaced(':path', '/a#b')],
  ['8.3.1: a :path in absolute form', replaced(':path', 'http://b.test/')],
  ['8.3.1: an empty :method', replaced(':method', '')],
  ['8.3.1: a :method that is no token', replaced(':method', 'GET /')],
  ['8.3.1: an :authority with user information', replaced(':authority', 'me@a.test')],
  ['8.3.1: an :authority with a path', replaced(':authority', 'a.test/b')],
  ['8.3.1: Host that disagrees with :authority', withField('host', 'b.test')],
  ['8.1.1: content-length that is no number', withField('content-length', '1x')],
  ['8.1.1: content-length that is negative', withField('content-length', '-1')],
  ['8.1.1: two content-lengths that differ', [...GET, ['content-length', '0'], ['content-length', '1']]],
  ['8.1.1: a content-length list', withField('content-length', '0, 0')],
  ['8.1.1: a content-length, and the stream ends at once', withField('content-length', '5')],
  ['8.1.1: content-length with a sign', withField('content-length', '+0')],
  ['8.1.1: an empty content-length', withField('content-length', '')],
  ['8.1.1: a content-length beyond all numbers', withField('content-length', '9'.repeat(30))],
  ['8.1.1: content-length twice, though equal', [...GET, ['content-length', '0'], ['content-length', '0']]],
  ['8.3.1: neither :authority nor Host', without(':authority')],
  ['8.3.1: an empty :authority', replaced(':authority', '')],
  ['8.3.1: an empty Host alone', [...without(':authority'), ['host', '']]],
  ['8.3.1: a Host that is none', [...without(':authority'), ['host', 'a b']]],
  ['8.3.1: Host twice', [...GET, ['host', 'a.test'], ['host', 'a.test']]],
  ['8.3.1: Host with another port', withField('host', 'a.test:80')],
  ['8.3.1: an empty :scheme', replaced(':scheme', '')],
  ['8.3.1: a :scheme that is none', replaced(':scheme', 'ht tp')],
  ['8.3.1: a :scheme that is not served', replaced(':scheme', 'ftp')],
  ['8.3.1: a :path with DEL', replaced(':path', '/\x7f')],
  ['8.3.1: a :path above ASCII', replaced(':path', '/\xe4')],
  ['8.3.1: a query with a space', replaced(':path', '/?a b')],
  ['8.3.1: * with more behind', [[':method', 'OPTIONS'], ...replaced(':path', '*?a').slice(1)]],
  ['8.3.1: a :method longer than any', replaced(':method', 'A'.repeat(40))],
  [
    '8.5: CONNECT without a port',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.test'],
    ],
  ],
  ['8.5: CONNECT with :scheme', [...connect, [':scheme', 'http']]],
  ['8.5: CONNECT with :path', [...connect, [':path', '/']]],
  ['8.5: CONNECT without :authority', [[':method', 'CONNECT']]],
  ['RFC 8441 4: :protocol with another method', [...GET, [':protocol', 'websocket']]],
  ['RFC 8441 4: :protocol without :path', webSocket.filter(([name]) => name !== ':path')],
  ['RFC 8441 4: :protocol without :scheme', webSocket.filter(([name]) => name !== ':scheme')],
  ['RFC 8441 4: an empty :protocol', [...replaced(':method', 'CONNECT'), [':protocol', '']]],
  [
    'RFC 8441 4: :protocol that is no token',
    [...replaced(':method', 'CONNECT'), [':protocol', 'web socket']],
  ],
];

const goodFields: readonly (readonly [string, Fields])[] = [
  ['8.2.2: TE: trailers', withField('te', 'trailers')],
  ['8.2.2: TE: trailers in other letters', withField('te', 'Trailers')],
  ['8.3.1: a :scheme in capital letters', replaced(':scheme', 'HTTP')],
  ['8.3.1: Host in other letters', withField('host', 'A.test')],
  ['8.3.1: a :path of empty segments', replaced(':path', '//a//')],
  ['8.3.1: a :method in small letters', replaced(':method', 'get')],
  ['8.2.1: obs-text and tabs within a value', withField('x-a', 'a\tb \xe4')],
  ['8.2.1: an empty value', withField('x-a', '')],
  ['8.3.1: OPTIONS *', [[':method', 'OPTIONS'], ...replaced(':path', '*').slice(1)]],
  ['8.3.1: Host that agrees with :authority', withField('host', 'a.test')],
  ['8.3.1: Host in place of :authority', [...without(':authority'), ['host', 'a.test']]],
  ['8.3: the pseudo-header fields in any order', [...GET].reverse()],
  ['8.1.1: content-length of 0', withField('content-length', '0')],
];

const bodies: readonly Row[] = [
  [
    '8.1.1: less DATA than content-length',
    [headers(1, [...POST, ['content-length', '5']]), data(1, 'abcd', { isEnd: true })],
    malformed,
  ],
  [
    '8.1.1: more DATA than content-length',
    [headers(1, [...POST, ['content-length', '5']]), data(1, 'abc'), data(1, 'def')],
    malformed,
  ],
  [
    '8.1.1: less DATA than content-length, ended by trailers',
    [
      headers(1, [...POST, ['content-length', '5']]),
      data(1, 'abc'),
      headers(1, [['x-t', '1']], { isEnd: true }),
    ],
    malformed,
  ],
  [
    '8.1.1: as much DATA as content-length',
    [headers(1, [...POST, ['content-length', '5']]), data(1, 'abc'), data(1, 'de', { isEnd: true })],
    accepted,
  ],
  [
    '8.1.1: trailers once content-length is reached',
    [
      headers(1, [...POST, ['content-length', '5']]),
      data(1, 'abcde'),
      headers(1, [['x-t', '1']], { isEnd: true }),
    ],
    accepted,
  ],
  [
    '8.1.1: padding is not content',
    [
      headers(1, [...POST, ['content-length', '5']]),
      Buffer.from([0, 0, 10, T.DATA, 9, 0, 0, 0, 1, 4, 97, 97, 97, 97, 97, 0, 0, 0, 0]),
    ],
    accepted,
  ],
  [
    '8.1: trailers that do not end the stream',
    [headers(1, POST), data(1, 'a'), headers(1, [['x-t', '1']])],
    malformed,
  ],
  [
    '8.1: a pseudo-header field among trailers',
    [headers(1, POST), headers(1, [[':path', '/']], { isEnd: true })],
    malformed,
  ],
  [
    '8.2: an upper-case name among trailers',
    [headers(1, POST), headers(1, [['X-T', '1']], { isEnd: true })],
    malformed,
  ],
  [
    '8.2.2: a field of the connection among trailers',
    [headers(1, POST), headers(1, [['connection', 'close']], { isEnd: true })],
    malformed,
  ],
  ['8.1: empty trailers', [headers(1, POST), headers(1, [], { isEnd: true })], accepted],
];

describe.each(arrivals)('a request, %s', (_, readBytes) => {
  it.each(badFields.map(([name, fields]) => [name, get(fields), malformed] as Row))('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    await judgeServer(server, row, readBytes);
    expect(server.exchanges.length, 'only the request that follows reaches the application').toBe(1);
    expect(server.badRequests.length).toBe(1);
    expect(server.connection.activeStreams).toBe(0);
  });

  it.each(goodFields.map(([name, fields]) => [name, get(fields), accepted] as Row))('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    await judgeServer(server, row, readBytes);
    expect(server.exchanges.length).toBe(2);
    expect(server.exchanges[0]!.authority).toBe('a.test');
  });

  it.each(bodies)('%s', async (...row) => {
    const server = await ServerUnderTest.ready();
    await judgeServer(server, row, readBytes);
    if (row[2] === malformed) expect(server.exchanges[0]!.failure?.kind).toBe('protocol');
    expect(server.connection.activeStreams).toBe(0);
  });
});

describe('what a request means', () => {
  const firstOf = async (...sent: Buffer[]) => {
    const server = await ServerUnderTest.ready();
    server.peer.send(...sent);
    await server.peer.settled();
    return server;
  };

  it('8.3.1: is the pseudo-header fields and the others, in their order', async () => {
    const server = await firstOf(
      headers(1, [...replaced(':path', '/a?b=c'), ['x-b', '1'], ['x-a', '2'], ['x-b', '3']], { isEnd: true }),
    );
    const seen = server.exchanges[0]!;
    expect([seen.method, seen.path, seen.authority, seen.isHttps]).toEqual([
      'GET',
      '/a?b=c',
      'a.test',
      false,
    ]);
    expect(seen.fields).toEqual([
      ['x-b', '1'],
      ['x-a', '2'],
      ['x-b', '3'],
    ]);
  });

  it('8.2.3: several cookie fields are one', async () => {
    const server = await firstOf(
      headers(1, [...GET, ['cookie', 'a=1'], ['x-a', 'b'], ['cookie', 'c=2'], ['cookie', 'd=3']], {
        isEnd: true,
      }),
    );
    const cookies = server.exchanges[0]!.fields.filter(([name]) => name === 'cookie');
    expect(cookies).toEqual([['cookie', 'a=1; c=2; d=3']]);
  });

  it('8.1: trailers are told of, after the body', async () => {
    const server = await firstOf(
      headers(1, POST),
      data(1, 'body'),
      headers(1, [['x-sum', '7']], { isEnd: true }),
    );
    const seen = server.exchanges[0]!;
    expect([seen.body, seen.isEnded]).toEqual(['body', true]);
    expect(seen.trailers).toEqual([['x-sum', '7']]);
  });

  it('8.5: CONNECT opens a tunnel whose halves end each by itself', async () => {
    const server = await ServerUnderTest.ready();
    server.onExchange = () => {};
    server.peer.send(headers(1, connect));
    await server.peer.settled();
    const tunnel = server.exchanges[0]!;
    expect([tunnel.isConnect, tunnel.authority]).toEqual([true, 'a.test:443']);
    tunnel.respond(200, [], false);
    server.peer.send(data(1, 'up', { isEnd: true }));
    await server.peer.settled();
    expect([tunnel.body, tunnel.isEnded]).toEqual(['up', true]);
    expect(server.peer.hasEnded(1)).toBe(false);
    tunnel.send('down', true);
    await server.peer.until(() => server.peer.hasEnded(1), 'end of the tunnel');
    expect(server.peer.body(1)).toBe('down');
    expect(server.peer.of(T.RST_STREAM)).toEqual([]);
    expect(server.connection.activeStreams).toBe(0);
  });

  it('8.5: a tunnel that we end first goes on until the client has ended too', async () => {
    const server = await ServerUnderTest.ready();
    server.onExchange = () => {};
    server.peer.send(headers(1, connect));
    await server.peer.settled();
    const tunnel = server.exchanges[0]!;
    tunnel.respond(200, [], false);
    tunnel.send('down', true);
    await server.peer.until(() => server.peer.hasEnded(1), 'end of our half');
    server.peer.send(data(1, 'still'), data(1, ' here', { isEnd: true }));
    await server.peer.settled();
    expect([tunnel.body, tunnel.isEnded, tunnel.failure]).toEqual(['still here', true, null]);
    expect(server.peer.of(T.RST_STREAM)).toEqual([]);
    expect(server.connection.activeStreams).toBe(0);
  });

  it('RFC 8441 5: an extended CONNECT asks for an upgrade, which 200 grants', async () => {
    const server = await ServerUnderTest.ready();
    server.onExchange = (exchange) => exchange.respond(200, [], false);
    server.peer.send(headers(1, webSocket));
    await server.peer.settled();
    const seen = server.exchanges[0]!;
    expect([seen.protocol, seen.isConnect, seen.path]).toEqual(['websocket', false, '/']);
    expect(server.peer.of(T.HEADERS, 1)[0]!.fields[0]).toEqual([':status', '200']);
    server.peer.send(data(1, 'x'), rst(1, E.CANCEL));
    await server.peer.settled();
    expect(seen.failure).toEqual({ kind: 'reset', code: E.CANCEL });
  });

  it('8.3.1, 10.5.1: a field section above the limit is answered by 431', async () => {
    const server = await ServerUnderTest.ready();
    const fields: Fields = Array.from({ length: 60 }, (_, i) => [`x-${i}`, 'v'.repeat(1000)]);
    const block = literalFields([...GET, ...fields]);
    const parts = [0, 1, 2, 3].map((i) => block.subarray(i * 16384, (i + 1) * 16384));
    server.peer.send(openHeaders(1, parts[0]!, { isEnd: true }));
    server.peer.send(...parts.slice(1).map((part, i) => continuation(1, part, i === 2)));
    await server.peer.until(() => server.peer.of(T.HEADERS, 1).length > 0, 'answer');
    expect(server.peer.of(T.HEADERS, 1)[0]!.fields[0]).toEqual([':status', '431']);
    expect(server.badRequests.map((it) => it.status)).toEqual([431]);
    server.peer.send(headers(3, GET, { isEnd: true }));
    await server.peer.until(() => server.peer.hasEnded(3), 'answer to a request that follows');
  });

  it('8.3.1: a :path above the limit is answered by 414', async () => {
    const server = await firstOf(headers(1, replaced(':path', `/${'a'.repeat(9000)}`), { isEnd: true }));
    expect(server.peer.of(T.HEADERS, 1)[0]!.fields[0]).toEqual([':status', '414']);
  });
});
