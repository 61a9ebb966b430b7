/** HTTP/2 at either end, with node:http2 as client and application. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import { type Answer, answerOf, connectHttp2, echo, fetch, startHttp2 } from './http2-peers.ts';
import {
  cluster,
  found,
  meshEndpoint,
  plainEndpoint,
  startEcho,
  startPair,
  startRawApplication,
} from './proxy-pair.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const seenBy = ({ headers }: Answer) => JSON.parse(headers['x-seen'] as string);

describe.each(['socket', 'handle'] as const)('HTTP/2 over %s transports', (backend) => {
  async function open(originPort: number) {
    const pair = await startPair({ backend, authority, cleanup }, originPort);
    return { ...pair, session: connectHttp2(cleanup, pair.client.proxy.outboundPort) };
  }

  it.each([
    ['one sidecar', 'plain.shop'],
    ['two sidecars', 'server.shop'],
  ])('stays HTTP/2 through %s where the client speaks it', async (_, to) => {
    const { session, client } = await open(await startHttp2(cleanup, echo));
    const answer = await fetch(
      session,
      { ':method': 'POST', ':path': '/a?b', ':authority': to, 'x-tulle-me': '1' },
      'hello',
    );
    expect(answer).toMatchObject({ status: 200, body: 'hello' });
    expect(seenBy(answer)).toMatchObject({ ':method': 'POST', ':path': '/a?b', ':authority': to });
    expect(seenBy(answer)['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(seenBy(answer)).filter((name) => name.startsWith('x-tulle'))).toEqual([]);
    await eventually(() =>
      expect(client.accessLog[0]).toMatchObject({ code: 200, flag: '', requestBytes: 5 }),
    );
  });

  it('stays HTTP/1.1 for an application whose client speaks it, across two sidecars', async () => {
    const { tcp } = await open(await startEcho(cleanup));
    tcp.send('GET /x HTTP/1.1\r\nHost: server.shop\r\n\r\n');
    const text = await tcp.until('0\r\n\r\n');
    expect(text).not.toContain('x-tulle');
    expect(text).toContain('"url":"/x"');
  });

  it('carries a head as large as one may be across two sidecars, both ways', async () => {
    // Within 60 KiB as HTTP/1.1 counts it, and above it as HTTP/2 does.
    const values = Array.from({ length: 92 }, (_, i) => `x-${i + 10}: ${'v'.repeat(645)}\r\n`).join('');
    const origin = await startRawApplication(cleanup, (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (!text.endsWith('\r\n\r\n')) return;
        const isWhole = text.split('\r\n').filter((line) => /^x-\d+: v{645}$/.test(line)).length === 92;
        socket.write(`HTTP/1.1 ${isWhole ? 200 : 500} OK\r\n${values}content-length: 0\r\n\r\n`);
      });
    });
    const { tcp } = await open(origin);
    tcp.send(`GET / HTTP/1.1\r\nHost: server.shop\r\n${values}\r\n`);
    expect(await tcp.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(tcp.text.match(/\r\nx-\d+: v{645}(?=\r)/g)).toHaveLength(92);
  });

  it('speaks HTTP/2 to a port that declares it, whatever the client speaks', async () => {
    const port = await startHttp2(cleanup, echo);
    const { tcp, client } = await open(port);
    const declared = { ...cluster('shop/declared:80', [plainEndpoint(port)]), protocol: 'h2c' as const };
    client.services.set('declared.shop', found(declared));
    tcp.send('POST /up HTTP/1.1\r\nHost: declared.shop\r\nContent-Length: 4\r\n\r\nbody');
    const text = await tcp.until('body');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toContain('":path":"/up"');
  });

  it.each([
    ['one sidecar', false],
    ['two sidecars', true],
  ])('speaks HTTP/1.1 to a port that declares it, through %s, to a client of HTTP/2', async (_, isMeshed) => {
    const origin = await startEcho(cleanup);
    const { session, client, server } = await open(origin);
    const endpoint = isMeshed ? meshEndpoint(origin, server.proxy.inboundPort) : plainEndpoint(origin);
    const declared = { ...cluster('shop/h1:80', [endpoint]), protocol: 'http' as const };
    client.services.set('h1.shop', found(declared));
    const cookies = { cookie: ['a=1', 'b=2'] };
    const answer = await fetch(
      session,
      { ':method': 'PUT', ':path': '/x?y', ':authority': 'h1.shop', ...cookies },
      'body',
    );
    expect(answer).toMatchObject({ status: 200, body: 'body' });
    expect(seenBy(answer)).toMatchObject({ url: '/x?y', headers: { host: 'h1.shop', cookie: 'a=1; b=2' } });
  });

  it('serves many streams at once over few connections', async () => {
    const { session, client, server } = await open(await startHttp2(cleanup, echo));
    const paths = Array.from({ length: 200 }, (_, i) => `/${i}`);
    const answers = await Promise.all(
      paths.map((path) =>
        fetch(session, { ':path': path, ':method': 'POST', ':authority': 'server.shop' }, path),
      ),
    );
    expect(answers.map(({ body }) => body)).toEqual(paths);
    const open1 = (client.proxy.describe() as { pools: { open: number }[] }).pools[0]!.open;
    expect(open1).toBeLessThanOrEqual(3);
    expect(server.proxy.describe()).toMatchObject({ pools: [{ inFlight: 0 }] });
  });

  it('carries trailers both ways', async () => {
    const port = await startHttp2(cleanup, (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      let seen: IncomingHttpHeaders = {};
      stream.on('trailers', (fields) => {
        seen = fields;
      });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': `${seen['x-in']}` }));
      stream.resume();
      stream.on('end', () => stream.end('done'));
    });
    const { session } = await open(port);
    const stream = session.request(
      { ':method': 'POST', ':authority': 'server.shop', te: 'trailers' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-in': '7' }));
    const answer = answerOf(stream);
    stream.end('body');
    expect(await answer).toMatchObject({ body: 'done', trailers: { 'x-sum': '7' } });
  });

  it('answers by itself in HTTP/2 too', async () => {
    const { session } = await open(await startHttp2(cleanup, echo));
    const answer = await fetch(session, { ':authority': 'nowhere' });
    expect(answer).toMatchObject({ status: 404, headers: { 'x-tulle-reason': 'unknown_host' } });
    expect(answer.body).toContain('no service of the mesh');
    expect(await fetch(session, { ':authority': 'server.shop' })).toMatchObject({ status: 200 });
  });

  it('passes a reset on to the application, and one of the application back', async () => {
    const streams: ServerHttp2Stream[] = [];
    const port = await startHttp2(cleanup, (stream) => {
      stream.on('error', () => {});
      streams.push(stream);
    });
    const { session, client } = await open(port);
    const given = session.request({ ':authority': 'server.shop' });
    given.on('error', () => {});
    await eventually(() => expect(streams).toHaveLength(1));
    given.close(constants.NGHTTP2_CANCEL);
    await eventually(() => expect(streams[0]!.rstCode).toBe(constants.NGHTTP2_CANCEL));
    await eventually(() => expect(client.accessLog.at(-1)).toMatchObject({ flag: 'DC', code: 0 }));
    const answer = fetch(session, { ':authority': 'server.shop' });
    await eventually(() => expect(streams).toHaveLength(2));
    streams[1]!.close(constants.NGHTTP2_INTERNAL_ERROR);
    expect(await answer).toMatchObject({
      status: 502,
      headers: { 'x-tulle-reason': 'upstream_stream_reset' },
    });
  });

  it('sends a refused stream again, since nothing of it was processed', async () => {
    let calls = 0;
    const port = await startHttp2(cleanup, (stream) => {
      stream.on('error', () => {});
      if (calls++ === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.respond({ ':status': 201 }, { endStream: true });
    });
    const { session, client } = await open(port);
    const answer = await fetch(session, { ':method': 'POST', ':authority': 'plain.shop' }, 'once');
    expect(answer.status).toBe(201);
    expect(calls).toBe(2);
    expect(client.metrics.render()).toContain('tulle_retries_total{direction="outbound",result="sent"} 1');
  });

  it('drains in the end: GOAWAY, what is under way is finished, the connection closes', async () => {
    const held: ServerHttp2Stream[] = [];
    const { session, client, tcp } = await open(await startHttp2(cleanup, (stream) => held.push(stream)));
    // It would stay half-open until its linger is over.
    tcp.socket.destroy();
    let hasGoneAway = false;
    session.on('goaway', () => {
      hasGoneAway = true;
    });
    const answer = fetch(session, { ':authority': 'plain.shop' });
    await eventually(() => expect(held).toHaveLength(1));
    const stopped = client.proxy.stop(3_000);
    await eventually(() => expect(hasGoneAway).toBe(true));
    held[0]!.respond({ ':status': 200 });
    held[0]!.end('done');
    expect(await answer).toMatchObject({ status: 200, body: 'done' });
    await stopped;
  });
});
