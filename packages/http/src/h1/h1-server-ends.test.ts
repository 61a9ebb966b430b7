import { describe, expect, it } from 'vitest';
import { H1ServerUnderTest, nextTurn, type ServedRequest } from './testing/h1-server-under-test.ts';

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

describe('requests that are refused (RFC 9112 sections 2.2, 3, 11.2)', () => {
  it.each<[what: string, text: string, status: number, code: string]>([
    ['a bad method', 'G@T / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'BAD_METHOD'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'MISSING_HOST'],
    [
      'length and coding',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'LENGTH_AND_ENCODING',
    ],
    [
      'an unknown coding',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n',
      501,
      'UNSUPPORTED_ENCODING',
    ],
    ['HTTP/3', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', 505, 'UNSUPPORTED_VERSION'],
    ['a long target', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 'TARGET_TOO_LONG'],
    ['a large head', `GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(62_000)}\r\n\r\n`, 431, 'HEAD_TOO_LARGE'],
  ])('%s is answered, and closes', (_, text, status, code) => {
    const server = new H1ServerUnderTest();
    server.receive(text + get);
    expect(server.refusals.map((error) => error.code)).toEqual([code]);
    expect(server.output).toContain(`HTTP/1.1 ${status} `);
    expect(server.output).toContain('connection: close');
    expect(server.requests).toHaveLength(0);
    expect(server.transport.isEnded).toBe(true);
  });

  it('answers what came before first', () => {
    const server = serving((request) => request.respond(ok, 'hi'));
    server.receive(`${get}\0`);
    expect(server.output.startsWith(`${okText}HTTP/1.1 400`)).toBe(true);
  });

  it('resets where the handler has no answer', () => {
    const server = new H1ServerUnderTest();
    server.onRefuse = () => {};
    server.receive('\0');
    expect(server.transport.isAborted).toBe(true);
  });

  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

  it('RFC 9112 section 7.1: a malformed body aborts, and can still be answered', () => {
    const server = serving((request) => {
      request.onEvent = (event) => {
        if (event === 'abort' && request.stream.canRespond) request.local(400);
      };
    });
    server.receive(`${chunked}1\r\nxx\r\n`);
    expect(server.last).toMatchObject({
      body: 'x',
      failure: { kind: 'protocol', error: { code: 'BAD_CHUNK_END' } },
    });
    expect(server.output).toContain('HTTP/1.1 400');
    expect(server.output).toContain('connection: close');
    expect(server.transport.isEnded).toBe(true);
  });

  it('resets the connection where a response was begun, or none comes', () => {
    for (const begins of [true, false]) {
      const server = serving((request) => begins && request.respond(ok, undefined, false));
      server.receive(`${chunked}x`);
      expect(server.last.failure).toMatchObject({ kind: 'protocol' });
      expect(server.last.stream.canRespond).toBe(false);
      expect(server.transport.isAborted).toBe(true);
    }
  });

  it('RFC 9110 section 6.5.1: a trailer that frames the message is refused', () => {
    const server = serving(() => {});
    server.receive(`${chunked}0\r\nContent-Length: 5\r\n\r\n`);
    expect(server.last.failure).toMatchObject({ error: { code: 'FORBIDDEN_TRAILER' } });
  });
});

describe('back-pressure', () => {
  const upload = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

  it('a paused stream gets nothing more, even of what was read, and all of it later', async () => {
    const server = serving((request) => {
      request.onEvent = () => request.during(() => request.stream.pause());
    });
    server.receive(`${upload}1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n${get}`);
    for (const body of ['a', 'ab', 'abc']) {
      expect(server.last.body).toBe(body);
      expect(server.transport.isPaused).toBe(true);
      server.last.during(() => server.last.stream.resume());
      await nextTurn();
    }
    expect(server.last).toMatchObject({ body: 'abc', isEnded: true });
    server.last.respond(ok, 'hi');
    await nextTurn();
    expect(server.last.path).toBe('/a');
    expect(server.transport.isPaused).toBe(false);
  });

  it('a slow client makes sendBody() answer false, and onDrain follows', async () => {
    const server = serving((request) => request.respond('HTTP/1.1 200 OK', '', false));
    server.receive(get);
    server.transport.take(false);
    const block = Buffer.alloc(100_000, 97);
    let mayGoOn = true;
    for (let i = 0; i < 5 && mayGoOn; i++) mayGoOn = server.last.send(block);
    expect(mayGoOn).toBe(false);
    server.transport.take(true);
    await expect.poll(() => server.last.drains).toBe(1);
  });

  it('takes no next request before the client has taken the response', async () => {
    const server = serving((request) => {
      request.respond('HTTP/1.1 200 OK\nContent-Length: 300000', 'x'.repeat(300_000));
    });
    server.transport.take(false);
    server.receive(get);
    await nextTurn();
    server.receive(get);
    expect(server.requests).toHaveLength(1);
    server.transport.take(true);
    await expect.poll(() => server.requests.length).toBe(2);
  });
});

describe('the ends of a connection', () => {
  it('idleness counts from the end of a response', () => {
    const server = serving(() => {}, {}, { idleMs: 1_000 });
    server.receive(get);
    server.sweep(5_000);
    server.last.respond(ok, 'hi');
    server.sweep(999);
    expect(server.transport.isEnded).toBe(false);
  });

  it('a client that takes a little now and then is not cut', async () => {
    const server = serving(
      (request) => request.respond('HTTP/1.1 200 OK', 'x'.repeat(300_000)),
      {},
      { flushMs: 1_000 },
    );
    let queuedBytes = 5;
    Object.defineProperty(server.transport, 'queuedBytes', { get: () => queuedBytes });
    server.transport.take(false);
    server.receive(get);
    await nextTurn();
    for (; queuedBytes > 0; queuedBytes--) server.sweep(900);
    expect(server.transport.isAborted).toBe(false);
    server.sweep(1_900);
    server.sweep(1_000);
    expect(server.transport.isAborted).toBe(true);
  });

  it('one abort is the last event, even if the client goes while it is answered', () => {
    const server = serving((request) => {
      request.onEvent = (event) => event === 'abort' && request.respond('HTTP/1.1 400 Bad', 'no', false);
    });
    server.receive('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx');
    expect(server.last.failure).toMatchObject({ kind: 'protocol' });
    server.transport.deliverEnd();
    expect(server.transport.isAborted).toBe(true);
  });

  it('no event follows an abort from within one', () => {
    for (const rest of ['0\r\nx: y\r\n\r\n', 'x']) {
      const server = serving((request) => {
        request.onEvent = (event) => event === 'body' && request.stream.abort('cancel');
      });
      server.receive(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n${rest}`);
      expect(server.last).toMatchObject({ body: 'a', trailers: null, failure: null });
    }
  });

  it('RFC 9112 section 9.6: half-closes, reads on, and is done when the client closes', async () => {
    const server = serving((request) => request.respond(ok, 'hi'));
    server.receive('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(server.transport.isEnded).toBe(true);
    expect(server.closes).toBe(0);
    server.transport.deliverEnd();
    await expect.poll(() => server.closes).toBe(1);
  });

  it('resets a client that lingers', () => {
    const server = serving((request) => request.respond(ok, 'hi'), {}, { lingerMs: 500 });
    server.receive('GET / HTTP/1.0\r\n\r\n');
    server.sweep(499);
    expect(server.transport.isAborted).toBe(false);
    server.sweep(1);
    expect(server.transport.isAborted).toBe(true);
  });

  it('does not reset while the client still takes what it was sent', () => {
    const server = serving((request) => request.respond(ok, 'hi'), {}, { lingerMs: 500, flushMs: 2_000 });
    server.transport.take(false);
    server.receive('GET / HTTP/1.0\r\n\r\n');
    server.sweep(0);
    server.sweep(1_900);
    expect(server.transport.isAborted).toBe(false);
    server.sweep(200);
    server.sweep(500);
    expect(server.transport.isAborted).toBe(true);
  });

  it('closes an idle connection, and one whose response is not taken', async () => {
    const idle = new H1ServerUnderTest({}, { idleMs: 1_000 });
    idle.sweep(999);
    expect(idle.transport.isEnded).toBe(false);
    idle.sweep(1);
    expect(idle.transport.isEnded).toBe(true);

    const stuck = serving(
      (request) => request.respond('HTTP/1.1 200 OK', 'x'.repeat(300_000)),
      {},
      { flushMs: 1_000 },
    );
    stuck.transport.take(false);
    stuck.receive(get);
    await nextTurn();
    stuck.sweep(0);
    stuck.sweep(999);
    expect(stuck.transport.isAborted).toBe(false);
    stuck.sweep(1);
    expect(stuck.transport.isAborted).toBe(true);
  });

  it('answers 408 to a head that does not come, and not sooner because it drips', async () => {
    const server = new H1ServerUnderTest({}, { headMs: 1_000 });
    server.receive('GET / HT');
    server.sweep(600);
    server.receive('TP/1.1\r\n');
    server.sweep(400);
    await nextTurn();
    expect(server.refusals.map((error) => error.code)).toEqual(['HEAD_TIMEOUT']);
    expect(server.output).toContain('HTTP/1.1 408 ');
    expect(server.transport.isEnded).toBe(true);
  });

  it('a client that ends between requests is let go', () => {
    for (const text of ['', get, 'GET / HT']) {
      const server = serving((request) => request.respond(ok, 'hi'));
      server.receive(text);
      server.transport.deliverEnd();
      expect(server.transport.isEnded).toBe(true);
      expect(server.refusals).toHaveLength(0);
    }
  });

  it('one that ends within an exchange is gone', () => {
    const server = serving(() => {});
    server.receive(get);
    server.transport.deliverEnd();
    expect(server.last.failure).toMatchObject({ kind: 'closed' });
    expect(server.transport.isAborted).toBe(true);
    expect(server.last.respond(ok, 'hi')).toBe(true);
    expect(server.output).toBe('');
  });

  it('an aborted stream resets the connection, without an event', async () => {
    const server = serving((request) => request.during(() => request.stream.abort('cancel')));
    server.receive(get + get);
    await expect.poll(() => server.closes).toBe(1);
    expect(server.transport.isAborted).toBe(true);
    expect(server.requests).toHaveLength(1);
    expect(server.last.failure).toBeNull();
  });

  it('tells a stream under way of the close, then the handler', async () => {
    const server = serving(() => {});
    server.receive(get);
    server.transport.fail(null);
    expect(server.last.failure).toMatchObject({ kind: 'closed' });
    expect(server.closes).toBe(1);
  });

  it('abort() gives the stream no event', async () => {
    const server = serving(() => {});
    server.receive(get);
    server.connection.abort();
    await expect.poll(() => server.closes).toBe(1);
    expect(server.last.failure).toBeNull();
  });

  it('drains: an idle connection closes, a busy one after its exchange', () => {
    const idle = new H1ServerUnderTest();
    idle.connection.drain();
    expect(idle.transport.isEnded).toBe(true);

    const busy = serving(() => {});
    busy.receive(get);
    busy.connection.drain();
    expect(busy.transport.isEnded).toBe(false);
    busy.last.respond(ok, 'hi');
    expect(busy.transport.isEnded).toBe(true);
  });

  it('a drain during the response is told in its head, and closes after it in any case', async () => {
    for (const begins of [true, false]) {
      const server = serving((request) => begins && request.respond(ok, undefined, false));
      server.receive(get);
      server.connection.drain();
      if (!begins) server.last.respond(ok, undefined, false);
      server.last.send('hi', true);
      await nextTurn();
      expect(server.output.includes('connection: close')).toBe(!begins);
      expect(server.transport.isEnded).toBe(true);
    }
  });
});
