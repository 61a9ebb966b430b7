/** node:http2 as the peer on either side, over real connections with both backends. */
import { once } from 'node:events';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '@tulle/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { requestOf } from '../h1/testing/parse.ts';
import type { TransportBackend } from '../transport/transport.ts';
import type { H2ClientConnection } from './h2-client-connection.ts';
import { ClientExchange } from './testing/client-under-test.ts';
import type { ServerExchange } from './testing/server-under-test.ts';
import { dialH2, listenH2 } from './testing/socket-subjects.ts';

const backends: readonly TransportBackend[] = ['socket', 'handle'];
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function nodeClient(backend: TransportBackend, onRequest: (exchange: ServerExchange) => void) {
  const listener = await listenH2(backend, onRequest);
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  closers.push(
    () => listener.close(),
    () => session.destroy(),
  );
  return session;
}

async function ask(session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body?: Buffer) {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const trailers = once(stream, 'trailers');
  trailers.catch(() => {});
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  return { head, body: await text(stream), trailers, stream };
}

/** Sends back what comes, as it comes. */
function echo(exchange: ServerExchange): void {
  exchange.respond(200, [['x-echo', 'yes']], exchange.isEnded);
  const { stream } = exchange;
  exchange.onBody = (buffer, start, end, isEnd) => {
    if (!stream.sendBody(buffer, start, end, isEnd)) stream.pause();
  };
  exchange.onTrailers = (trailers) => stream.sendTrailers(trailers);
  exchange.onDrain = () => stream.resume();
}

describe.each(backends)('our server on the %s backend, with a node:http2 client', (backend) => {
  it('answers a request without a body', async () => {
    const session = await nodeClient(backend, (exchange) => {
      exchange.respond(200, [['content-type', 'text/plain']], false);
      exchange.send(`${exchange.method} ${exchange.path} ${exchange.authority}`, true);
    });
    const { head, body } = await ask(session, { ':path': '/a?b', ':authority': 'a.test' });
    expect(head[':status']).toBe(200);
    expect(head['content-type']).toBe('text/plain');
    expect(body).toBe('GET /a?b a.test');
  });

  it('carries 4 MB there and back, more than any window', async () => {
    const session = await nodeClient(backend, echo);
    const sent = Buffer.alloc(4 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz0123456');
    const { body } = await ask(session, { ':method': 'POST', ':path': '/' }, sent);
    expect(body.length).toBe(sent.length);
    expect(body === sent.toString('latin1')).toBe(true);
  });

  it('serves 1,000 concurrent streams', async () => {
    const session = await nodeClient(backend, echo);
    const sent = Array.from({ length: 1000 }, (_, i) => Buffer.from(`number ${i}`));
    const answers = await Promise.all(sent.map((body) => ask(session, { ':method': 'POST' }, body)));
    expect(answers.map((it) => it.body)).toEqual(sent.map(String));
  });

  it('sends interim responses, and trailers alone in a response without a body', async () => {
    const session = await nodeClient(backend, (exchange) => {
      exchange.interim(103, [['link', '</a.css>']]);
      exchange.respond(200, [], false);
      exchange.sendTrailers([['grpc-status', '7']]);
    });
    const stream = session.request({});
    const [[hints], [trailers]] = await Promise.all([once(stream, 'headers'), once(stream, 'trailers')]);
    expect(hints[':status']).toBe(103);
    expect(trailers['grpc-status']).toBe('7');
  });

  it('tells of a request that its client cancels', async () => {
    const seen: ServerExchange[] = [];
    const session = await nodeClient(backend, (exchange) => seen.push(exchange));
    const stream = session.request({ ':method': 'POST' }, { endStream: false });
    await eventually(() => expect(seen).toHaveLength(1));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await eventually(() => expect(seen[0]!.failure).toEqual({ kind: 'reset', code: 8 }));
  });

  it('drains: what is under way ends, and the session closes without an error', async () => {
    const seen: ServerExchange[] = [];
    const session = await nodeClient(backend, (exchange) => seen.push(exchange));
    const asked = ask(session, {});
    await eventually(() => expect(seen).toHaveLength(1));
    const closed = once(session, 'close');
    seen[0]!.stream.connection.drain();
    await once(session, 'goaway');
    seen[0]!.respond(200, [], false);
    seen[0]!.send('late', true);
    expect((await asked).body).toBe('late');
    await closed;
  });
});

async function nodeServer(
  backend: TransportBackend,
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.on('stream', onStream);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = dialH2(backend, (server.address() as AddressInfo).port);
  closers.push(
    () => server.close(),
    () => connection.abort(),
  );
  return connection;
}

function request(connection: H2ClientConnection, text: string, isEnd: boolean): ClientExchange {
  const exchange = new ClientExchange();
  exchange.stream = connection.open(exchange);
  exchange.stream.sendRequest(requestOf(text), null, null, isEnd);
  return exchange;
}

describe.each(backends)('our client on the %s backend, with a node:http2 server', (backend) => {
  it('sends a request before the connection stands', async () => {
    const connection = await nodeServer(backend, (stream, headers) => {
      stream.respond({ ':status': 200, 'x-path': headers[':path'] });
      stream.end('hello');
    });
    const exchange = request(connection, 'GET /a?b HTTP/1.1\r\nHost: a.test\r\n\r\n', true);
    await eventually(() => expect(exchange.isEnded).toBe(true));
    expect([exchange.status, exchange.body]).toEqual([200, 'hello']);
    expect(exchange.fields).toContainEqual(['x-path', '/a?b']);
  });

  it('carries 4 MB there and back, more than any window', async () => {
    const connection = await nodeServer(backend, (stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const sent = Buffer.alloc(4 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz0123456');
    const exchange = request(
      connection,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      false,
    );
    let at = 0;
    const sendOn = () => {
      let mayGoOn = true;
      while (mayGoOn && at < sent.length) {
        const end = Math.min(sent.length, at + 50_000);
        mayGoOn = exchange.stream.sendBody(sent, at, end, end === sent.length);
        at = end;
      }
    };
    exchange.onDrain = sendOn;
    sendOn();
    await eventually(() => expect(exchange.isEnded).toBe(true), { timeoutMs: 10_000 });
    expect(exchange.body === sent.toString('latin1')).toBe(true);
  });

  it('receives trailers, and interim responses', async () => {
    const connection = await nodeServer(backend, (stream) => {
      stream.additionalHeaders({ ':status': 103 });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end('body');
    });
    const exchange = request(connection, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', true);
    await eventually(() => expect(exchange.trailers).toEqual([['grpc-status', '0']]));
    expect([exchange.interims, exchange.body]).toEqual([[103], 'body']);
  });

  it('opens a tunnel by extended CONNECT once the SETTINGS allow it', async () => {
    const protocols: unknown[] = [];
    const connection = await nodeServer(backend, (stream, headers) => {
      protocols.push(headers[':protocol']);
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const upgrade = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const exchange = request(connection, upgrade, false);
    exchange.send('ping');
    await eventually(() => expect(exchange.body).toBe('ping'));
    expect([exchange.status, protocols]).toEqual([200, ['websocket']]);
    exchange.send('', true);
    await eventually(() => expect(exchange.isEnded).toBe(true));
    expect(connection.activeStreams).toBe(0);
  });

  it('retires on GOAWAY, and what is under way goes on', async () => {
    let finish = () => {};
    const connection = await nodeServer(backend, (stream) => {
      stream.session!.goaway();
      finish = () => {
        stream.respond({ ':status': 200 });
        stream.end('done');
      };
    });
    const exchange = request(connection, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', true);
    expect(connection.capacity).toBeGreaterThan(0);
    await eventually(() => expect(connection.capacity).toBe(0));
    finish();
    await eventually(() => expect(exchange.body).toBe('done'));
  });
});
