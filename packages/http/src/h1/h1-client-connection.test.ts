import { describe, expect, it } from 'vitest';
import { H1ClientUnderTest, SentRequest } from './testing/h1-client-under-test.ts';
import { nextTurn } from './testing/h1-server-under-test.ts';
import { http2Request } from './testing/http2-heads.ts';
import { fieldsOf, requestOf } from './testing/parse.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const pseudo = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'a'],
  [':path', '/x'],
] as const;

describe('requests', () => {
  it('leave in one write, head and body', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send('POST / HTTP/1.1\nHost: a\nContent-Length: 2', false);
    request.send('hi', true);
    await nextTurn();
    expect(client.output).toBe('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
    expect(client.transport.writes).toBe(1);
  });

  it('RFC 9112 section 7.1: chunks are framed anew, and trailers follow', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send('POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTE: trailers', false);
    request.send('hello');
    request.during(() => request.stream.sendTrailers(fieldsOf('x: y')));
    await nextTurn();
    const head =
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nconnection: te\r\n\r\n';
    expect(client.output).toBe(`${head}5\r\nhello\r\n0\r\nx: y\r\n\r\n`);
  });

  it.each<
    [
      what: string,
      fields: readonly (readonly [string, string])[],
      isEnd: boolean,
      lines: string,
      body: string,
    ]
  >([
    ['with a length', [['content-length', '2']], false, 'content-length: 2\r\n', 'hi'],
    ['without a length', [], false, 'transfer-encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n'],
    ['RFC 9110 section 8.6: without content', [], true, 'content-length: 0\r\n', ''],
  ])('from HTTP/2, %s', async (_, fields, isEnd, lines, body) => {
    const client = new H1ClientUnderTest();
    const request = client.send(http2Request([...pseudo, ...fields], isEnd), isEnd);
    if (!isEnd) request.send('hi', true);
    await nextTurn();
    expect(client.output).toBe(`POST /x HTTP/1.1\r\nhost: a\r\n${lines}\r\n${body}`);
  });

  it('lines of our own come last', async () => {
    const client = new H1ClientUnderTest();
    const request = new SentRequest();
    request.stream = client.connection.open(request);
    request.stream.sendRequest(
      requestOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
      null,
      fieldsOf('x-id: 1', 'b: c'),
      true,
    );
    await nextTurn();
    expect(client.output).toBe('GET / HTTP/1.1\r\nHost: a\r\nx-id: 1\r\nb: c\r\n\r\n');
  });

  it.each([
    ['more', 'hip', false],
    ['less', 'h', true],
  ])('with %s than the announced length reset the connection', async (_, body, isEnd) => {
    const client = new H1ClientUnderTest();
    const request = client.send('POST / HTTP/1.1\nHost: a\nContent-Length: 2', false);
    request.send(body, isEnd);
    await expect.poll(() => client.told).toContain('closed');
    expect(request.failure).toMatchObject({ kind: 'closed' });
    expect(client.output).not.toContain('hip');
  });

  it('one that does not fit leaves the connection as it was', async () => {
    const client = new H1ClientUnderTest();
    const request = new SentRequest();
    request.stream = client.connection.open(request);
    const large = `A: ${'a'.repeat(40_000)}`;
    const head = requestOf(`GET / HTTP/1.1\r\nHost: a\r\n${large}\r\n\r\n`);
    expect(request.stream.sendRequest(head, null, fieldsOf(large), true)).toBe(false);
    request.during(() => request.stream.abort('internal'));
    await nextTurn();
    expect(client.told).toEqual(['capacity']);
    client.send();
    client.receive(ok);
    expect(client.output).toBe('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it('a slow server makes sendBody() answer false, and onDrain follows', async () => {
    const client = new H1ClientUnderTest();
    client.transport.take(false);
    const request = client.send('POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked', false);
    let mayGoOn = true;
    for (let i = 0; i < 5 && mayGoOn; i++) mayGoOn = request.send(Buffer.alloc(100_000));
    expect(mayGoOn).toBe(false);
    client.transport.take(true);
    await expect.poll(() => request.drains).toBe(1);
  });
});

describe('responses', () => {
  it.each<[what: string, text: string, expected: object]>([
    ['by length', ok, { status: 200, body: 'hi', isEnded: true }],
    ['without content', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', isEnded: true }],
    [
      'chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nh\r\n1\r\ni\r\n0\r\n\r\n',
      { body: 'hi', isEnded: true, trailers: null },
    ],
    [
      'with trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx: y\r\n\r\n',
      { body: 'hi', trailers: [['x', 'y']], isEnded: true },
    ],
    [
      'after interim ones',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n${ok}`,
      { interims: [100, 103], body: 'hi', isEnded: true },
    ],
  ])('%s, at any split, and the connection is used again', (_, text, expected) => {
    for (let cut = 1; cut <= text.length; cut++) {
      const client = new H1ClientUnderTest();
      const request = client.send();
      expect(client.connection.capacity).toBe(0);
      client.receive(text.slice(0, cut));
      if (cut < text.length) {
        expect(request.isEnded).toBe(false);
        client.receive(text.slice(cut));
      }
      expect(request, `cut at ${cut}`).toMatchObject(expected);
      expect(client.told).toEqual(['capacity']);
      expect(client.connection.capacity).toBe(1);
      expect(request.stream.isReused).toBe(false);
      expect(client.send().stream.isReused).toBe(true);
    }
  });

  it('RFC 9112 section 6.3: to HEAD have no body', () => {
    const client = new H1ClientUnderTest();
    const request = client.send('HEAD / HTTP/1.1\nHost: a');
    client.receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
    expect(request).toMatchObject({ status: 200, isEnded: true });
    expect(client.connection.capacity).toBe(1);
  });

  it('the stream is free before the last event comes', () => {
    const client = new H1ClientUnderTest();
    const first = client.send();
    const seen: string[] = [];
    let second: SentRequest | null = null;
    client.onTold = (what) => {
      seen.push(what);
      second ??= client.send();
    };
    first.onEvent = (event) => seen.push(event);
    client.receive(ok);
    expect(seen).toEqual(['response', 'capacity', 'body']);
    expect(first).toMatchObject({ body: 'hi', isEnded: true });
    client.receive(ok);
    expect(second).toMatchObject({ body: 'hi', isEnded: true });
  });

  it('RFC 9112 section 6.3: one without framing ends with the connection', () => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    client.receive('HTTP/1.1 200 OK\r\n\r\nhi');
    expect(request.isEnded).toBe(false);
    client.transport.deliverEnd();
    expect(request).toMatchObject({ body: 'hi', isEnded: true, failure: null });
    expect(client.told).toEqual(['retiring']);
    expect(client.connection.capacity).toBe(0);
  });

  it.each([
    ['close is asked for', ok.replace('Content', 'Connection: close\r\nContent')],
    ['it is HTTP/1.0', ok.replace('HTTP/1.1', 'HTTP/1.0')],
    ['bytes follow', `${ok}x`],
  ])('the connection is not used again where %s', async (_, text) => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    client.receive(text);
    expect(request).toMatchObject({ body: 'hi', isEnded: true, failure: null });
    expect(client.connection.capacity).toBe(0);
    await expect.poll(() => client.told).toEqual(['retiring', 'closed']);
  });

  it('nor where the request was not all sent', () => {
    const client = new H1ClientUnderTest();
    const request = client.send('POST / HTTP/1.1\nHost: a\nContent-Length: 2', false);
    client.receive(ok);
    expect(request).toMatchObject({ body: 'hi', isEnded: true });
    expect(client.told).toEqual(['retiring']);
    expect(request.send('hi', true)).toBe(true);
  });

  it.each<[what: string, text: string, code: string]>([
    ['malformed', 'HTTP/1.1 2000 OK\r\n\r\n', 'BAD_STATUS'],
    [
      'framed twice',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'LENGTH_AND_ENCODING',
    ],
    [
      'RFC 9110 section 15.2.2: 101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
      'UNCALLED_SWITCH',
    ],
    ['17 interim ones', 'HTTP/1.1 103 Early\r\n\r\n'.repeat(17), 'TOO_MANY_INTERIM'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx', 'BAD_CHUNK_SIZE'],
    [
      'a forbidden trailer',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n',
      'FORBIDDEN_TRAILER',
    ],
  ])('%s: the exchange breaks off, and the connection', (_, text, code) => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    client.receive(text);
    expect(request.failure).toMatchObject({ kind: 'protocol', error: { code } });
    expect(client.transport.isAborted).toBe(true);
    expect(client.told).toEqual(['retiring']);
  });

  it('pause holds the rest of what was read, resume gives it', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    request.onEvent = () => request.during(() => request.isEnded || request.stream.pause());
    client.receive('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
    expect(request).toMatchObject({ status: 200, body: '' });
    for (const body of ['a', 'ab']) {
      request.during(() => request.stream.resume());
      await nextTurn();
      expect(request.body).toBe(body);
    }
    expect(request.isEnded).toBe(true);
    expect(client.transport.isPaused).toBe(false);
    expect(client.told).toEqual(['capacity']);
  });
});
