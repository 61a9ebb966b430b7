import { describe, expect, it } from 'vitest';
import { H1ClientUnderTest } from './testing/h1-client-under-test.ts';
import { H1ServerUnderTest, nextTurn } from './testing/h1-server-under-test.ts';
import { http2Request, http2Response } from './testing/http2-heads.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** RFC 6455 section 1.3. */
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const upgrade = `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;
const connect = 'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n';
const switching = `HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: ${ACCEPT}`;
const get = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

function asking(text: string): H1ServerUnderTest {
  const server = new H1ServerUnderTest();
  server.receive(text);
  return server;
}

describe('tunnels of a client over HTTP/1.1 (RFC 9110 section 7.8)', () => {
  it('101 opens it: what came early and what comes later pass, both ways', async () => {
    const server = asking(`${upgrade}early`);
    expect(server.last).toMatchObject({ isBodiless: false, isEnded: false, body: '' });
    server.last.respond(switching, undefined, false);
    expect(server.take()).toBe('');
    await nextTurn();
    expect(server.take()).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${ACCEPT}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    );
    server.receive(' and late');
    expect(server.last.body).toBe('early and late');
    server.last.send('frame');
    await nextTurn();
    expect(server.take()).toBe('frame');
  });

  it('each direction ends on its own, and both end the connection', async () => {
    for (const clientFirst of [true, false]) {
      const server = asking(upgrade);
      server.last.respond(switching, undefined, false);
      const endOfClient = () => server.transport.deliverEnd();
      const endOfServer = () => server.last.send('bye', true);
      (clientFirst ? endOfClient : endOfServer)();
      expect(server.last.isEnded).toBe(clientFirst);
      expect(server.transport.isEnded).toBe(!clientFirst);
      expect(server.connection.activeStreams).toBe(1);
      (clientFirst ? endOfServer : endOfClient)();
      expect(server.last).toMatchObject({ isEnded: true, failure: null });
      expect(server.connection.activeStreams).toBe(0);
      await expect.poll(() => server.closes).toBe(1);
      expect(server.output.endsWith('bye')).toBe(true);
      expect(server.transport.isAborted).toBe(false);
    }
  });

  it('another response is an ordinary one, and the connection goes on', async () => {
    const server = asking(upgrade + get);
    server.last.respond('HTTP/1.1 400 Bad Request\nContent-Length: 2', 'no');
    await nextTurn();
    expect(server.requests.map(({ path }) => path)).toEqual(['/chat', '/a']);
    expect(server.output).toBe('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno');
  });

  it('so is 200 of HTTP/1.1, but that of HTTP/2 opens it (RFC 8441 section 5)', async () => {
    const ignoring = asking(upgrade);
    ignoring.last.respond('HTTP/1.1 200 OK\nContent-Length: 2', 'hi');
    await nextTurn();
    expect(ignoring.output).toContain('200 OK');

    const server = asking(upgrade);
    const head = http2Response(
      [
        [':status', '200'],
        ['sec-websocket-protocol', 'chat'],
      ],
      false,
      true,
    );
    server.last.stream.sendResponse(head, null, null, false);
    server.last.send('frame');
    await nextTurn();
    expect(server.output).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nsec-websocket-protocol: chat\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${ACCEPT}\r\n\r\nframe`,
    );
  });

  it('a client that ends before the response is gone', () => {
    const server = asking(upgrade);
    server.transport.deliverEnd();
    expect(server.last.failure).toMatchObject({ kind: 'closed' });
  });

  it('an aborted tunnel resets, even half-closed', () => {
    const server = asking(upgrade);
    server.last.respond(switching, undefined, false);
    server.last.send('bye', true);
    server.last.during(() => server.last.stream.abort('cancel'));
    expect(server.transport.isAborted).toBe(true);
  });

  it.each<[what: string, text: string, isBodiless: boolean]>([
    [
      'h2c',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
      true,
    ],
    [
      'a list with h2c',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket, H2C\r\n\r\n',
      true,
    ],
    ['another HTTP', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: HTTP/2.0\r\n\r\n', true],
    [
      'a body',
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nhi',
      false,
    ],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', true],
  ])('an upgrade is ignored with %s', (_, text, isBodiless) => {
    const server = new H1ServerUnderTest();
    server.onServe = ({ stream }) => expect((stream as { tunnel?: unknown }).tunnel).toBeNull();
    server.receive(text);
    expect(server.last).toMatchObject({ isBodiless, isEnded: true, body: isBodiless ? '' : 'hi' });
  });

  it('RFC 9110 section 9.3.6: 2xx to CONNECT opens a tunnel, without framing', async () => {
    const server = asking(`${connect}early`);
    server.last.respond('HTTP/1.1 200 OK\nContent-Length: 2\nA: b', undefined, false);
    await nextTurn();
    expect(server.output).toBe('HTTP/1.1 200 OK\r\nA: b\r\n\r\n');
    expect(server.last.body).toBe('early');
  });

  it('a refused CONNECT closes: what follows is no request', async () => {
    const server = asking(connect + get);
    server.last.local(403);
    await nextTurn();
    expect(server.output).toContain('connection: close');
    expect(server.requests).toHaveLength(1);
  });
});

describe('tunnels to a server over HTTP/1.1', () => {
  const upgradeText = upgrade.slice(0, -4).replaceAll('\r\n', '\n');
  const webSocket = (...fields: (readonly [string, string])[]) =>
    http2Request(
      [
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':scheme', 'http'],
        [':authority', 'a'],
        [':path', '/chat'],
        ...fields,
      ],
      false,
    );

  it('passes the upgrade on, holds early bytes, and opens by 101', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send(upgradeText, false);
    expect(request.send('early')).toBe(false);
    await nextTurn();
    expect(client.output).toBe(
      `GET /chat HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: ${KEY}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    );
    client.output = '';
    client.receive(`${switching.replaceAll('\n', '\r\n')}\r\n\r\nframe`);
    expect(request).toMatchObject({ status: 101, body: 'frame', drains: 1 });
    expect(client.output).toBe('early');
    request.send('late');
    client.receive(' more');
    expect(request.body).toBe('frame more');
  });

  it('what was held may be all that comes', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send(upgradeText, false);
    request.send('early', true);
    await nextTurn();
    expect(client.transport.isEnded).toBe(false);
    client.receive(`${switching.replaceAll('\n', '\r\n')}\r\n\r\n`);
    expect(client.output.endsWith('\r\n\r\nearly')).toBe(true);
    expect(client.transport.isEnded).toBe(true);
    expect(request).toMatchObject({ drains: 0, status: 101, isEnded: false });
  });

  it('each direction ends on its own', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send(upgradeText, false);
    client.receive(`${switching.replaceAll('\n', '\r\n')}\r\n\r\n`);
    request.send('bye', true);
    expect(client.transport.isEnded).toBe(true);
    expect(client.output.endsWith('bye')).toBe(true);
    client.receive('last');
    expect(request).toMatchObject({ body: 'last', isEnded: false });
    client.transport.deliverEnd();
    expect(request).toMatchObject({ isEnded: true, failure: null });
    await expect.poll(() => client.told).toEqual(['closed']);
  });

  it('a refusal drops what was held for the tunnel, and the connection goes on', () => {
    const client = new H1ClientUnderTest();
    const request = client.send(upgradeText, false);
    request.send('GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');
    client.receive('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    expect(request).toMatchObject({ status: 403, body: 'no', isEnded: true });
    expect(client.connection.capacity).toBe(1);
    expect(client.output).not.toContain('smuggled');
  });

  it('RFC 8441 section 5: from HTTP/2 it becomes GET, with a key whose answer is checked and dropped', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send(webSocket(), false);
    await nextTurn();
    expect(client.output).toMatch(
      /^GET \/chat HTTP\/1\.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: [\w+/]{22}==\r\n\r\n$/,
    );
    client.receive(`${switching.replaceAll('\n', '\r\n')}\r\n\r\n`);
    expect(request.failure).toMatchObject({ error: { code: 'BAD_WEBSOCKET_ACCEPT' } });
  });

  it('and a key that the client sent is kept', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send(webSocket(['sec-websocket-key', KEY]), false);
    await nextTurn();
    expect(client.output.match(/sec-websocket-key/g)).toHaveLength(1);
    client.receive(`${switching.replaceAll('\n', '\r\n')}\r\n\r\n`);
    expect(request).toMatchObject({ status: 101, failure: null, fields: [] });
  });

  it('200 to an upgrade from HTTP/2 would open what the server has not: it is a failure', () => {
    const client = new H1ClientUnderTest();
    const request = client.send(webSocket(), false);
    client.receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    expect(request.failure).toMatchObject({ kind: 'protocol', error: { code: 'UPGRADE_IGNORED' } });
  });

  it('CONNECT: 2xx opens it', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send('CONNECT b:443 HTTP/1.1\nHost: b:443', false);
    await nextTurn();
    expect(client.output).toBe('CONNECT b:443 HTTP/1.1\r\nhost: b:443\r\n\r\n');
    client.receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nraw');
    expect(request).toMatchObject({ status: 200, body: 'raw', isEnded: false });
  });
});
