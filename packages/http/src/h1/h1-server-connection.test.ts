import { describe, expect, it } from 'vitest';
import { H1ServerUnderTest, nextTurn, type ServedRequest } from './testing/h1-server-under-test.ts';
import { fieldsOf, responseOf } from './testing/parse.ts';

const get = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\nContent-Length: 2';
const okText = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

function serving(
  answer: (request: ServedRequest) => void,
  ...options: ConstructorParameters<typeof H1ServerUnderTest>
) {
  const server = new H1ServerUnderTest(...options);
  server.onServe = answer;
  return server;
}

describe('requests over HTTP/1.1', () => {
  it('hands over head, body and trailers, and answers in one write', () => {
    const server = serving((request) => request.respond(ok, 'hi'));
    server.receive(get);
    expect(server.last).toMatchObject({ method: 'GET', path: '/a', isBodiless: true });
    expect(server.output).toBe(okText);
    expect(server.transport.writes).toBe(1);
  });

  it('gives chunked payload without its framing, and tells the end with the last run', () => {
    const server = serving(() => {});
    server.receive(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    );
    expect(server.last).toMatchObject({ body: 'abcde', isEnded: true, isBodiless: false });
  });

  it('RFC 9112 section 7.1.2: gives trailers as the end', () => {
    const server = serving(() => {});
    server.receive(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-sum: 7\r\nb: c\r\n\r\n',
    );
    expect(server.last).toMatchObject({
      body: 'x',
      trailers: [
        ['x-sum', '7'],
        ['b', 'c'],
      ],
      isEnded: true,
    });
  });

  const messages =
    'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello' +
    'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x="y"\r\nabc\r\n1\r\nd\r\n0\r\nx-sum: 7\r\n\r\n' +
    'GET /3 HTTP/1.1\r\nHost: a\r\n\r\n' +
    'PUT /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

  async function outcome(cuts: readonly number[]) {
    const server = serving((request) => {
      request.onEvent = () => request.isEnded && request.respond(ok, 'hi');
      if (request.isBodiless) request.respond(ok, 'hi');
    });
    let from = 0;
    for (const cut of [...cuts, messages.length]) {
      server.receive(messages.slice(from, cut));
      from = cut;
      await Promise.resolve();
    }
    await nextTurn();
    await nextTurn();
    const requests = server.requests.map(({ method, path, body, trailers, isEnded }) => ({
      method,
      path,
      body,
      trailers,
      isEnded,
    }));
    return { requests, output: server.output, isEnded: server.transport.isEnded };
  }

  it('means the same however it is split into reads', async () => {
    const whole = await outcome([]);
    expect(whole.requests.map((request) => request.path)).toEqual(['/1', '/2', '/3', '/4']);
    expect(whole.output).toBe(
      okText.repeat(3) + okText.replace('2\r\n\r\n', '2\r\nconnection: close\r\n\r\n'),
    );
    expect(whole.isEnded).toBe(true);
    for (let cut = 1; cut < messages.length; cut++)
      expect(await outcome([cut]), `cut at ${cut}`).toEqual(whole);
    expect(await outcome(Array.from({ length: messages.length - 1 }, (_, i) => i + 1))).toEqual(whole);
  });
});

describe('pipelining (RFC 9112 section 9.3.2)', () => {
  it('answers in one write what is answered within the read', () => {
    const server = serving((request) => request.respond(ok, 'hi'));
    server.receive(get.repeat(20));
    expect(server.requests).toHaveLength(20);
    expect(server.output).toBe(okText.repeat(20));
    expect(server.transport.writes).toBe(1);
  });

  it('begins a request only after the answer to the one before, and stops reading meanwhile', async () => {
    const server = serving(() => {});
    server.receive(get.repeat(3));
    expect(server.requests).toHaveLength(1);
    expect(server.transport.isPaused).toBe(true);
    for (const count of [2, 3]) {
      server.last.respond(ok, 'hi');
      await nextTurn();
      expect(server.requests).toHaveLength(count);
    }
    server.last.respond(ok, 'hi');
    await nextTurn();
    expect(server.transport.isPaused).toBe(false);
    expect(server.output).toBe(okText.repeat(3));
  });

  it('begins no request while the client does not take the answers', async () => {
    const server = serving((request) => request.respond(ok, 'hi'));
    server.transport.take(false);
    server.receive(get.repeat(60_000));
    await nextTurn();
    expect(server.requests.length).toBeLessThan(10_000);
    expect(server.transport.queuedBytes).toBeLessThan(300_000);
    server.transport.take(true);
    await expect.poll(() => server.requests.length).toBe(60_000);
    expect(server.outputBytes).toBe(60_000 * okText.length);
  });
});

describe('the end of a response (RFC 9112 section 6.3)', () => {
  it.each<[what: string, request: string, head: string, body: string | undefined, output: string]>([
    ['length', 'GET / HTTP/1.1', ok, 'hi', okText],
    [
      'chunked, re-framed',
      'GET / HTTP/1.1',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked',
      'hi',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    ],
    [
      'until the upstream closes',
      'GET / HTTP/1.1',
      'HTTP/1.1 200 OK\nA: b',
      'hi',
      'HTTP/1.1 200 OK\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    ],
    [
      'chunked, to HTTP/1.0',
      'GET / HTTP/1.0\r\nConnection: keep-alive',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked',
      'hi',
      'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhi',
    ],
    [
      'until the upstream closes, to HTTP/1.0',
      'GET / HTTP/1.0',
      'HTTP/1.1 200 OK\nA: b',
      'hi',
      'HTTP/1.1 200 OK\r\nA: b\r\nconnection: close\r\n\r\nhi',
    ],
    [
      'length, to HTTP/1.0',
      'GET / HTTP/1.0',
      ok,
      'hi',
      okText.replace('2\r\n\r\n', '2\r\nconnection: close\r\n\r\n'),
    ],
    [
      'length, to HTTP/1.0 with keep-alive',
      'GET / HTTP/1.0\r\nConnection: keep-alive',
      ok,
      'hi',
      okText.replace('2\r\n\r\n', '2\r\nconnection: keep-alive\r\n\r\n'),
    ],
    [
      'HEAD keeps the length',
      'HEAD / HTTP/1.1',
      ok,
      undefined,
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n',
    ],
    ['HEAD drops a body', 'HEAD / HTTP/1.1', ok, 'hi', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'],
    [
      'HEAD keeps the coding',
      'HEAD / HTTP/1.1',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked',
      undefined,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['204', 'GET / HTTP/1.1', 'HTTP/1.1 204 No Content', undefined, 'HTTP/1.1 204 No Content\r\n\r\n'],
    [
      '304 keeps the length',
      'GET / HTTP/1.1',
      'HTTP/1.1 304 Not Modified\nContent-Length: 5',
      undefined,
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    ],
    [
      'no content and no length',
      'GET / HTTP/1.1',
      'HTTP/1.1 200 OK\nA: b',
      undefined,
      'HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'hop-by-hop lines go',
      'GET / HTTP/1.1',
      'HTTP/1.1 200 OK\nConnection: close, X-Hop\nX-Hop: 1\nKeep-Alive: 5\nContent-Length: 2',
      'hi',
      okText,
    ],
  ])('%s', (_, request, head, body, output) => {
    const server = serving((served) => served.respond(head, body));
    server.receive(`${request}\r\nHost: a\r\n\r\n`);
    expect(server.output).toBe(output);
    expect(server.transport.isEnded).toBe(output.includes('connection: close'));
    expect(server.connection.activeStreams).toBe(0);
  });

  it.each<[version: string, output: string]>([
    ['1.1', 'transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx: y\r\n\r\n'],
    ['1.0', 'connection: close\r\n\r\nhi'],
  ])('RFC 9112 section 7.1.2: trailers need chunks, HTTP/%s', (version, output) => {
    const server = serving((request) => {
      request.respond('HTTP/1.1 200 OK', 'hi', false);
      request.during(() => request.stream.sendTrailers(fieldsOf('x: y')));
    });
    server.receive(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
    expect(server.output).toBe(`HTTP/1.1 200 OK\r\n${output}`);
    expect(server.connection.activeStreams).toBe(0);
  });

  it.each([
    ['more', 'hip'],
    ['less', 'h'],
  ])('a body of %s than the announced length resets the connection', (_, body) => {
    const server = serving((request) => request.respond(ok, body));
    server.receive(get);
    expect(server.transport.isAborted).toBe(true);
  });
});

describe('interim responses (RFC 9110 section 15.2)', () => {
  const expecting = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';

  it('100 lets the client send its body, and the connection goes on', () => {
    const server = serving((request) => request.interim('HTTP/1.1 100 Continue'));
    server.receive(expecting);
    expect(server.take()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    server.receive('ab');
    expect(server.last).toMatchObject({ body: 'ab', isEnded: true });
    server.last.respond(ok, 'hi');
    expect(server.transport.isOver).toBe(false);
  });

  it('RFC 9110 section 10.1.1: a final response instead closes, since the body may or may not come', async () => {
    const server = serving((request) => request.respond(ok, 'hi'));
    server.receive(expecting);
    await nextTurn();
    expect(server.output).toContain('connection: close');
    expect(server.transport.isEnded).toBe(true);
  });

  it('103 is passed on as well, and none of them to HTTP/1.0', () => {
    const server = serving((request) => request.interim('HTTP/1.1 103 Early Hints\nLink: x'));
    server.receive(get);
    expect(server.output).toBe('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
    const old = serving((request) => request.interim('HTTP/1.1 103 Early Hints'));
    old.receive('GET / HTTP/1.0\r\n\r\n');
    expect(old.output).toBe('');
  });
});

describe('answers that do not wait for the request', () => {
  const withBody = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';

  it('a body that has come already does not cost the connection', () => {
    const server = serving((request) => request.local(404));
    server.receive(`${withBody}abcd${get}`);
    expect(server.requests.map((request) => request.path)).toEqual(['/', '/a']);
    expect(server.output).not.toContain('close');
  });

  it('one that has not come does, and what still comes is dropped', async () => {
    const server = serving((request) => request.local(404));
    server.receive(`${withBody}ab`);
    server.receive(`cd${get}`);
    expect(server.requests).toHaveLength(1);
    expect(server.output).toContain('connection: close');
    expect(server.transport.isEnded).toBe(true);
  });

  it('reads no more than the bound of what is dropped', () => {
    const server = serving((request) => request.local(413), { maxDiscardedBytes: 100 });
    server.receive(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n`);
    server.receive('x'.repeat(100));
    expect(server.transport.isPaused).toBe(false);
    server.receive('x');
    expect(server.transport.isPaused).toBe(true);
  });
});

it('a response head that does not fit is refused, and another one can be sent', () => {
  const large = `A: ${'a'.repeat(40_000)}`;
  const server = serving((request) => {
    const head = responseOf(`HTTP/1.1 200 OK\r\n${large}\r\n\r\n`);
    expect(request.stream.sendResponse(head, null, fieldsOf(large), true)).toBe(false);
    request.local(502);
  });
  server.receive(get);
  expect(server.output).toBe('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
});
