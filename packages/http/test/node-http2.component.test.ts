/** What only HTTP/2 has, with node:http2 on both sides of the proxy: resets, settings, streams, goodbyes, tunnels. */
import { once } from 'node:events';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { eventually } from '@tulle/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultHttpLimits } from '../src/index.ts';
import { startForwarding } from './forwarding-proxy.ts';
import { pattern } from './node-peers.ts';

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

interface Chain {
  readonly client: http2.ClientHttp2Session;
  readonly sessions: readonly http2.ServerHttp2Session[];
  readonly forwarder: Awaited<ReturnType<typeof startForwarding>>['forwarder'];
}

async function chain(
  backend: 'socket' | 'handle',
  onStream: OnStream,
  settings: { client?: http2.Settings; server?: http2.Settings } = {},
): Promise<Chain> {
  const sessions: http2.ServerHttp2Session[] = [];
  const server = http2.createServer({ settings: settings.server ?? {} });
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstreamPort = (server.address() as AddressInfo).port;
  const proxy = await startForwarding({ backend, upstreamPort, upstreamMajor: 2 });
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`, { settings: settings.client ?? {} });
  client.on('error', () => {});
  closers.push(
    () => {
      server.close();
      for (const session of sessions) session.destroy();
    },
    () => proxy.close(),
    () => client.destroy(),
  );
  return { client, sessions, forwarder: proxy.forwarder };
}

/** Opens a stream; gives what came of it. */
async function ask(client: http2.ClientHttp2Session, path: string, body?: Buffer) {
  const method = body === undefined ? 'GET' : 'POST';
  const stream = client.request({ ':path': path, ':method': method }, { endStream: body === undefined });
  stream.on('error', () => {});
  let status = 0;
  stream.on('response', (headers) => {
    status = Number(headers[':status']);
  });
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  if (body !== undefined) stream.end(body);
  await new Promise((resolve) => stream.once('close', resolve));
  return { status, body: Buffer.concat(parts), code: stream.rstCode ?? 0 };
}

const echo: OnStream = (stream) => {
  stream.respond({ ':status': 200 });
  stream.pipe(stream);
};

describe.each(['socket', 'handle'] as const)('%s backend', (backend) => {
  it('1,000 streams at once on one connection', async () => {
    const { client, sessions } = await chain(backend, echo, { server: { maxConcurrentStreams: 2000 } });
    const body = pattern(3000);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(client, '/', body)));
    expect(answers.every((it) => it.status === 200 && it.body.equals(body))).toBe(true);
    expect(sessions.length).toBeGreaterThan(0);
  });

  it('a server that allows few streams gets no more of them', async () => {
    let open = 0;
    let most = 0;
    const { client } = await chain(
      backend,
      (stream) => {
        most = Math.max(most, ++open);
        stream.on('close', () => open--);
        echo(stream, {});
      },
      { server: { maxConcurrentStreams: 5 } },
    );
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(client, '/', pattern(1000))));
    expect(
      answers.map((it) => it.code).filter((code) => code !== 0 && code !== NGHTTP2_REFUSED_STREAM),
    ).toEqual([]);
    expect(answers.filter((it) => it.status === 200 || it.status === 502).length).toBe(60);
  });

  it('push is disabled', async () => {
    const { client, sessions } = await chain(backend, echo);
    await ask(client, '/', pattern(1));
    await eventually(() => expect(sessions[0]!.remoteSettings.enablePush).toBe(false));
  });

  it('a server that resets within an answer breaks that stream off, and no other', async () => {
    const { client } = await chain(backend, (stream, headers) => {
      if (headers[':path'] === '/ok') return echo(stream, headers);
      stream.respond({ ':status': 200 });
      // node sends END_STREAM before RST_STREAM, but where the stream is destroyed.
      stream.write('part', () => stream.destroy(new Error('on purpose')));
    });
    const [broken, whole] = await Promise.all([ask(client, '/'), ask(client, '/ok', pattern(100_000))]);
    expect(broken.code).toBe(NGHTTP2_INTERNAL_ERROR);
    expect([whole.status, whole.body.length, whole.code]).toEqual([200, 100_000, 0]);
  });

  // Where a body's last byte is the last of a window, node resets the stream (NO_ERROR) and sends no END_STREAM.
  it.each([256 * 1024, 1024 * 1024, 10 * 1024 * 1024])(
    'a body of %i bytes of a server that does not read the request has its end',
    async (length) => {
      const { client, forwarder } = await chain(backend, (stream) => {
        stream.respond({ ':status': 200 });
        let left = length;
        const next = () => {
          left -= 65_536;
          stream.write(Buffer.alloc(65_536), () => (left > 0 ? next() : stream.end()));
        };
        next();
      });
      const answer = await ask(client, '/');
      expect([answer.status, answer.body.length, answer.code]).toEqual([200, length, 0]);
      expect(forwarder.failures).toEqual([]);
    },
  );

  it.each(['GET', 'POST'])(
    'a body of one window, announced, is whole whether its end comes or a reset: %s',
    async (method) => {
      const length = defaultHttpLimits.h2.streamWindowBytes;
      const origins: http2.ServerHttp2Stream[] = [];
      const { client, forwarder } = await chain(backend, (stream) => {
        origins.push(stream);
        stream.respond({ ':status': 200, 'content-length': length });
        stream.write(Buffer.alloc(length), () => stream.end());
      });
      const stream = client.request({ ':path': '/', ':method': method }, { endStream: method === 'GET' });
      stream.on('error', () => {});
      await once(stream, 'response');
      // Nobody reads, so that no credit comes before the server has ended.
      await eventually(() => expect(origins[0]!.writableFinished).toBe(true));
      let bytes = 0;
      stream.on('data', (part: Buffer) => (bytes += part.length));
      await once(stream, 'close');
      expect([bytes, stream.rstCode, forwarder.failures]).toEqual([length, 0, []]);
    },
  );

  it('a server that refuses a stream is told apart from one that fails', async () => {
    const { client, forwarder } = await chain(backend, (stream) => stream.close(NGHTTP2_REFUSED_STREAM));
    const answer = await ask(client, '/');
    expect(answer.status).toBe(502);
    expect(forwarder.failures).toEqual([{ kind: 'refused' }]);
  });

  it('a client that resets is told to the server', async () => {
    const codes: (number | undefined)[] = [];
    const { client, forwarder } = await chain(backend, (stream) => {
      stream.on('close', () => codes.push(stream.rstCode));
    });
    const stream = client.request({ ':path': '/', ':method': 'POST' });
    stream.on('error', () => {});
    stream.write('part');
    await eventually(() => expect([...forwarder.connections][0]?.activeStreams).toBe(1));
    stream.close(NGHTTP2_CANCEL);
    await eventually(() => expect(codes).toEqual([NGHTTP2_CANCEL]));
    await eventually(() => expect([...forwarder.connections][0]?.activeStreams).toBe(0));
  });

  it('settings that change on both sides while bodies flow do no harm', async () => {
    const { client, sessions } = await chain(backend, echo);
    const body = pattern(2_000_000);
    const exchanges = Array.from({ length: 4 }, () => ask(client, '/', body));
    const changes = [
      { initialWindowSize: 1000, headerTableSize: 0 },
      { initialWindowSize: 500_000, maxFrameSize: 65_536 },
      { initialWindowSize: 10, headerTableSize: 4096, maxFrameSize: 16_384 },
      { initialWindowSize: 65_535, maxConcurrentStreams: 50 },
    ];
    for (const change of changes) {
      await Promise.all(
        [client, ...sessions].map((session) => new Promise((resolve) => session.settings(change, resolve))),
      );
    }
    for (const exchange of exchanges) {
      const answer = await exchange;
      expect([answer.status, answer.code, answer.body.equals(body)]).toEqual([200, 0, true]);
    }
  });

  it('tiny windows on both sides carry a body whole', async () => {
    const tiny = { initialWindowSize: 100 };
    const { client } = await chain(backend, echo, { client: tiny, server: tiny });
    const body = pattern(50_000);
    const answer = await ask(client, '/', body);
    expect([answer.status, answer.body.equals(body)]).toEqual([200, true]);
  });

  it('PING is answered with its payload', async () => {
    const { client } = await chain(backend, echo);
    await once(client, 'connect');
    const payload = Buffer.from('8 bytes.');
    const echoed = await new Promise<Buffer>((resolve, reject) =>
      client.ping(payload, (error, _, bytes) => (error === null ? resolve(bytes) : reject(error))),
    );
    expect(echoed.equals(payload)).toBe(true);
  });

  it('a server that says goodbye ends what is open, and the next request has a new connection', async () => {
    const open: http2.ServerHttp2Stream[] = [];
    const { client, sessions } = await chain(backend, (stream) => {
      open.push(stream);
    });
    const first = ask(client, '/');
    await eventually(() => expect(open.length).toBe(1));
    sessions[0]!.close();
    await new Promise((resolve) => sessions[0]!.ping(Buffer.alloc(8), resolve));
    const second = ask(client, '/');
    await eventually(() => expect(open.length).toBe(2));
    for (const stream of open) {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    }
    expect([(await first).body.toString(), (await second).body.toString()]).toEqual(['ok', 'ok']);
    expect(sessions.length).toBe(2);
  });

  it('extended CONNECT is a tunnel both ways, each half ending by itself (RFC 8441)', async () => {
    const seen: http2.IncomingHttpHeaders[] = [];
    const { client } = await chain(
      backend,
      (stream, headers) => {
        seen.push(headers);
        stream.respond({ ':status': 200 });
        stream.write('hello ');
        stream.pipe(stream);
      },
      { server: { enableConnectProtocol: true } },
    );
    await once(client, 'remoteSettings');
    const tunnel = client.request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':authority': 'a.test' },
      { endStream: false },
    );
    const parts: Buffer[] = [];
    tunnel.on('data', (part: Buffer) => parts.push(part));
    await once(tunnel, 'response');
    tunnel.write('one ');
    await eventually(() => expect(Buffer.concat(parts).toString()).toBe('hello one '));
    tunnel.end('two');
    await once(tunnel, 'close');
    expect(Buffer.concat(parts).toString()).toBe('hello one two');
    expect([seen[0]![':protocol'], seen[0]![':path']]).toEqual(['websocket', '/chat']);
  });
});
