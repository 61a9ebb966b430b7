import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminServer } from './admin-server.ts';
import { silentLogger } from './logger.ts';

describe('AdminServer', () => {
  let server: AdminServer;
  let base: string;

  beforeEach(async () => {
    server = new AdminServer({
      name: 'admin',
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger,
      pages: {
        'GET /livez': () => ({ body: 'ok\n' }),
        'GET /dump': async () => ({ body: { a: [1] } }),
        'GET /metrics': () => ({ status: 200, contentType: 'text/plain; version=0.0.4', body: 'x 1\n' }),
        'POST /echo': ({ url, body }) => ({ status: 202, body: `${url.searchParams.get('a')} ${body}` }),
        'GET /cut': () => ({ body: 'never sent', isCut: true }),
        'GET /broken': () => {
          throw new Error('no dump');
        },
      },
      localPages: { 'GET /secrets': () => ({ body: 'for this host\n' }) },
    });
    await server.start();
    base = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => server.stop());

  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(base + path, init);
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  it('answers pages as text or JSON', async () => {
    expect(await get('/livez?verbose')).toEqual([200, 'text/plain; charset=utf-8', 'ok\n']);
    expect(await get('/dump')).toEqual([200, 'application/json', '{\n  "a": [\n    1\n  ]\n}\n']);
    expect(await get('/metrics')).toEqual([200, 'text/plain; version=0.0.4', 'x 1\n']);
    expect((await get('/echo?a=7', { method: 'POST', body: 'hi' }))[2]).toBe('7 hi');
  });

  it('answers pages for this host to a client on it', async () => {
    expect(await get('/secrets')).toEqual([200, 'text/plain; charset=utf-8', 'for this host\n']);
  });

  it('closes the connection where a page says so', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /cut HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await text(socket)).toBe('');
  });

  it('lists the pages where there is none', async () => {
    const [status, , body] = await get('/nothing');
    expect([status, body]).toEqual([404, expect.stringContaining('GET /dump')]);
    expect((await get('/livez', { method: 'POST', body: 'x' }))[0]).toBe(404);
    expect((await get('/constructor'))[0]).toBe(404);
  });

  it('answers 500 with the reason when a page fails, and goes on', async () => {
    expect(await get('/broken')).toEqual([500, expect.any(String), 'no dump\n']);
    expect((await get('/livez'))[0]).toBe(200);
  });

  it('answers 413 to a body beyond its limit', async () => {
    const body = Buffer.alloc(300 * 1024);
    expect((await get('/echo', { method: 'POST', body }))[0]).toBe(413);
  });

  it('answers 400 to a path that cannot be read', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.end('GET // HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
  });

  it('says what to do when the port is taken', async () => {
    const options = { name: 'second', host: '127.0.0.1', port: server.port, pages: {}, logger: silentLogger };
    await expect(new AdminServer(options).start()).rejects.toThrow(/cannot listen on .*EADDRINUSE.*choose/);
  });

  it('stops though a client holds its connection', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    await server.stop();
    await server.stop();
    await once(socket, 'close');
  });
});
