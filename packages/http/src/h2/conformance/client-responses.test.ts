/** RFC 9113 section 8: malformed responses end their stream, with PROTOCOL_ERROR, and nothing else. */
import { describe, expect, it } from 'vitest';
import { ClientUnderTest } from '../testing/client-under-test.ts';
import { data, E, type Fields, headers, rst, T } from '../testing/raw-frames.ts';
import { accepted, arrivals, judgeClient, type Row, streamError } from '../testing/verdict.ts';

const malformed = streamError(1, E.PROTOCOL_ERROR);
const OK: Fields = [[':status', '200']];
const ok = (name: string, value: string): Fields => [...OK, [name, value]];
const status = (value: string): Fields => [[':status', value]];
const whole = (fields: Fields) => [headers(1, fields), data(1, 'x', { isEnd: true })];

const badFields: readonly (readonly [string, Fields])[] = [
  ['8.3.2: no :status', [['x-a', 'b']]],
  ['8.3.2: nothing at all', []],
  ['8.3: :status twice', [...OK, ...OK]],
  ['8.3: :status after a field', [['x-a', 'b'], ...OK]],
  ['8.3: a pseudo-header field of requests', [...OK, [':path', '/']]],
  ['8.3: an unknown pseudo-header field', [...OK, [':reason', 'OK']]],
  ['8.3.2: :status of two digits', status('20')],
  ['8.3.2: :status of four digits', status('2000')],
  ['8.3.2: :status that is no number', status('2oo')],
  ['8.3.2: :status with a reason', status('200 OK')],
  ['8.3.2: an empty :status', status('')],
  ['8.3.2: :status below 100', status('099')],
  ['8.3.2: :status above 599 (RFC 9110 15)', status('600')],
  ['8.6: :status 101', status('101')],
  ['8.2: an upper-case name', ok('X-Upper', 'a')],
  ['8.2.1: a name with a space', ok('x a', 'a')],
  ['8.2.1: an empty name', ok('', 'a')],
  ['8.2.1: a value with NUL', ok('x-a', 'a\0b')],
  ['8.2.1: a value with CR', ok('x-a', 'a\rb')],
  ['8.2.1: a value with LF', ok('x-a', 'a\nb')],
  ['8.2.1: a value that splits the response', ok('x-a', 'a\r\n\r\nHTTP/1.1 200 OK')],
  ['8.2.1: a value that begins with a space', ok('x-a', ' a')],
  ['8.2.1: a value that ends with a tab', ok('x-a', 'a\t')],
  ['8.2.2: Connection', ok('connection', 'close')],
  ['8.2.2: Keep-Alive', ok('keep-alive', 'timeout=5')],
  ['8.2.2: Proxy-Connection', ok('proxy-connection', 'close')],
  ['8.2.2: Transfer-Encoding', ok('transfer-encoding', 'chunked')],
  ['8.2.2: Upgrade', ok('upgrade', 'h2c')],
  ['8.1.1: content-length that is no number', ok('content-length', 'one')],
  ['8.1.1: two content-lengths that differ', [...OK, ['content-length', '1'], ['content-length', '2']]],
];

const sequences: readonly Row[] = [
  ['8.1: DATA before any head', [data(1, 'x')], malformed],
  ['8.1: DATA after interim heads only', [headers(1, status('100')), data(1, 'x')], malformed],
  ['8.1: an interim head that ends the stream', [headers(1, status('103'), { isEnd: true })], malformed],
  ['8.1: a second final head', [...[headers(1, OK), headers(1, OK)]], malformed],
  ['8.1: an interim head after the final one', [headers(1, OK), headers(1, status('103'))], malformed],
  [
    '8.1: trailers that do not end the stream',
    [headers(1, OK), data(1, 'x'), headers(1, [['x-t', '1']])],
    malformed,
  ],
  ['8.1: a pseudo-header field among trailers', [headers(1, OK), headers(1, OK, { isEnd: true })], malformed],
  [
    '8.2.2: a field of the connection among trailers',
    [headers(1, OK), headers(1, [['connection', 'x']], { isEnd: true })],
    malformed,
  ],
  [
    '8.1.1: less DATA than content-length',
    [headers(1, ok('content-length', '5')), data(1, 'abcd', { isEnd: true })],
    malformed,
  ],
  [
    '8.1.1: more DATA than content-length',
    [headers(1, ok('content-length', '5')), data(1, 'abcdef')],
    malformed,
  ],
  [
    '8.1.1: no DATA where content-length says some',
    [headers(1, ok('content-length', '5'), { isEnd: true })],
    malformed,
  ],
  [
    '8.1.1: trailers before content-length is reached',
    [headers(1, ok('content-length', '5')), data(1, 'abc'), headers(1, [['x-t', '1']], { isEnd: true })],
    malformed,
  ],
  [
    '8.1.1: trailers once content-length is reached',
    [headers(1, ok('content-length', '5')), data(1, 'abcde'), headers(1, [['x-t', '1']], { isEnd: true })],
    accepted,
  ],
  ['8.1.1: DATA with 204', [headers(1, status('204')), data(1, 'x', { isEnd: true })], malformed],
  ['8.1.1: DATA with 304', [headers(1, status('304')), data(1, 'x', { isEnd: true })], malformed],
  [
    '8.1.1: as much DATA as content-length, then an empty end',
    [headers(1, ok('content-length', '5')), data(1, 'abcde'), data(1, '', { isEnd: true })],
    accepted,
  ],
  [
    '8.1.1: 304 with a content-length',
    [headers(1, [...status('304'), ['content-length', '5']], { isEnd: true })],
    accepted,
  ],
  ['8.1: 204 that an empty DATA ends', [headers(1, status('204')), data(1, '', { isEnd: true })], accepted],
  [
    '8.1: interim heads, a head, DATA and trailers',
    [
      headers(1, status('100')),
      headers(1, status('103')),
      headers(1, OK),
      data(1, 'x'),
      headers(1, [['x-t', '1']], { isEnd: true }),
    ],
    accepted,
  ],
  ['8.3.2: a status that nobody knows', whole(status('599')), accepted],
];

describe.each(arrivals)('a response, %s', (_, readBytes) => {
  const rows = [...badFields.map(([name, fields]) => [name, whole(fields), malformed] as Row), ...sequences];
  it.each(rows)('%s', async (...row) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request();
    await client.peer.settled();
    await judgeClient(client, row, readBytes);
    if (row[2] === malformed) expect(exchange.failure?.kind).toBe('protocol');
    else expect([exchange.failure, exchange.isEnded]).toEqual([null, true]);
    expect(client.connection.activeStreams).toBe(0);
  });
});

describe('what a response means', () => {
  const answered = async (method: string, ...sent: Buffer[]) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request(method, { isEnd: true });
    await client.peer.settled();
    client.peer.send(...sent);
    await client.peer.settled();
    return { client, exchange };
  };

  it('is heads, body and trailers in order', async () => {
    const { exchange } = await answered(
      'GET',
      headers(1, status('103')),
      headers(1, [...OK, ['x-a', '1'], ['x-a', '2'], ['set-cookie', 'a'], ['set-cookie', 'b']]),
      data(1, 'bo'),
      data(1, 'dy'),
      headers(1, [['x-t', '1']], { isEnd: true }),
    );
    expect([exchange.interims, exchange.status, exchange.body]).toEqual([[103], 200, 'body']);
    expect(exchange.fields).toEqual([
      ['x-a', '1'],
      ['x-a', '2'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
    ]);
    expect(exchange.trailers).toEqual([['x-t', '1']]);
  });

  it('8.1.1: to HEAD may have a content-length and no DATA', async () => {
    const { exchange } = await answered('HEAD', headers(1, ok('content-length', '5'), { isEnd: true }));
    expect([exchange.status, exchange.isEnded, exchange.failure]).toEqual([200, true, null]);
  });

  it('8.1.1: to HEAD has no DATA', async () => {
    const { exchange, client } = await answered(
      'HEAD',
      headers(1, ok('content-length', '5')),
      data(1, 'abcde'),
    );
    expect([exchange.failure?.kind, client.peer.resetCode(1)]).toEqual(['protocol', E.PROTOCOL_ERROR]);
  });

  it('8.1: complete before the request: what is left of that is given up, and it is no failure', async () => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request('POST');
    await client.peer.settled();
    client.peer.send(headers(1, status('413')), data(1, 'no', { isEnd: true }), rst(1, E.NO_ERROR));
    await client.peer.settled();
    expect([exchange.status, exchange.body, exchange.isEnded, exchange.failure]).toEqual([
      413,
      'no',
      true,
      null,
    ]);
    expect(client.connection.activeStreams).toBe(0);
    expect(client.peer.of(T.GOAWAY)).toEqual([]);
    expect([null, E.NO_ERROR, E.CANCEL]).toContain(client.peer.resetCode(1));
  });

  it('as long as content-length says is whole, though NO_ERROR comes in place of its end', async () => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request('POST');
    await client.peer.settled();
    client.peer.send(headers(1, ok('content-length', '5')), data(1, 'abcde'), rst(1, E.NO_ERROR));
    await client.peer.settled();
    exchange.send('what is left');
    await client.peer.settled();
    expect([exchange.body, exchange.isEnded, exchange.failure]).toEqual(['abcde', true, null]);
    expect(client.connection.activeStreams).toBe(0);
    expect([client.peer.of(T.RST_STREAM), client.peer.of(T.GOAWAY), client.peer.body(1).length]).toEqual([
      [],
      [],
      0,
    ]);
    const next = client.request();
    await client.peer.settled();
    client.peer.send(...[headers(3, OK), data(3, 'x', { isEnd: true })]);
    await client.peer.settled();
    expect([next.body, next.isEnded]).toEqual(['x', true]);
  });

  it.each([
    ['without content-length', OK, 'abcde', E.NO_ERROR],
    ['with less than content-length', ok('content-length', '5'), 'abcd', E.NO_ERROR],
    ['with another code', ok('content-length', '5'), 'abcde', E.INTERNAL_ERROR],
  ])('%s breaks off with a reset before its end', async (_, fields, body, code) => {
    const client = await ClientUnderTest.ready();
    const exchange = client.request();
    await client.peer.settled();
    client.peer.send(headers(1, fields), data(1, body), rst(1, code));
    await client.peer.settled();
    expect([exchange.body, exchange.isEnded, exchange.failure]).toEqual([
      body,
      false,
      { kind: 'reset', code },
    ]);
  });

  it('10.5: more interim heads than may be are malformed', async () => {
    const { exchange, client } = await answered(
      'GET',
      ...Array.from({ length: 20 }, () => headers(1, status('103'))),
    );
    expect([exchange.failure?.kind, client.peer.resetCode(1)]).toEqual(['protocol', E.PROTOCOL_ERROR]);
    expect(exchange.interims.length).toBeLessThanOrEqual(16);
  });

  it('10.5.1: a field section above the limit ends the stream, not the connection', async () => {
    const many = Array.from({ length: 200 }, (_, i) => [`x-${i}`, ''] as const);
    const { exchange, client } = await answered('GET', headers(1, [...OK, ...many], { isEnd: true }));
    expect(exchange.failure?.kind).toBe('protocol');
    expect([client.peer.of(T.GOAWAY), client.connection.activeStreams]).toEqual([[], 0]);
    expect(client.limitsHit).toEqual(['field_section']);
  });
});
