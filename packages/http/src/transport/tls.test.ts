import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, connect as rawTls, type SecureContext } from 'node:tls';
import { createTestAuthority } from '@tulle/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConnectTlsOptions, connectTls } from './connect-tls.ts';
import type { HandshakeRefusal } from './handshake-refusal.ts';
import { type ListenTlsOptions, listenTls, type TlsListener } from './listen-tls.ts';
import { CLIENT_URI, SERVER_URI, testAuthority, testIdentities } from './testing/connected-pair.ts';
import { RecordingHandler, writeText } from './testing/recording-handler.ts';
import { clientContext, issueIdentity } from './testing/test-identity.ts';
import { TlsSessionCache } from './tls-session-cache.ts';
import type { Transport } from './transport.ts';

interface Accepted {
  readonly transport: Transport;
  readonly handler: RecordingHandler;
  readonly serverName: string | null;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe.each(['socket', 'handle'] as const)('TLS on the %s backend', (backend) => {
  async function serve(overrides: Partial<ListenTlsOptions> = {}) {
    const [server] = await testIdentities();
    const accepted: Accepted[] = [];
    const refused: HandshakeRefusal[] = [];
    const listener: TlsListener = await listenTls({
      host: '127.0.0.1',
      port: 0,
      backend,
      settings: { ...server, alpnProtocols: ['tulle', 'h2'] },
      handshakeTimeoutMs: 2000,
      verifyPeer: () => null,
      onConnection: (transport, serverName) => {
        const handler = new RecordingHandler();
        transport.handler = handler;
        handler.onBytes = (buffer, start, end) => transport.write(buffer, start, end);
        accepted.push({ transport, handler, serverName });
      },
      onRefused: (refusal) => refused.push(refusal),
      onError: (error) => {
        throw error;
      },
      ...overrides,
    });
    cleanups.push(() => {
      for (const { transport } of accepted) transport.abort();
      return listener.close();
    });
    return { listener, accepted, refused };
  }

  async function dial(port: number, overrides: Partial<ConnectTlsOptions> = {}) {
    const [, client] = await testIdentities();
    const handler = new RecordingHandler();
    const connected = Promise.withResolvers<Transport>();
    const transport = connectTls({
      host: '127.0.0.1',
      port,
      backend,
      connectTimeoutMs: 2000,
      handler,
      onConnect: connected.resolve,
      secureContext: overrides.secureContext ?? clientContext(client),
      serverName: 'server.test',
      alpnProtocols: ['tulle'],
      sessionCache: new TlsSessionCache(),
      sessionKey: 'server',
      verifyPeer: () => null,
      ...overrides,
    });
    cleanups.push(() => transport.abort());
    return { transport, handler, connected: connected.promise };
  }

  async function echo(face: Awaited<ReturnType<typeof dial>>, text = 'ping'): Promise<void> {
    writeText(face.transport, text);
    await face.handler.until(() => face.handler.text.endsWith(text));
  }

  it('tells both sides who the other is', async () => {
    const { listener, accepted } = await serve();
    const face = await dial(listener.port);
    await echo(face);
    expect(face.transport.alpnProtocol).toBe('tulle');
    expect(face.transport.peerCertificate?.uris).toEqual([SERVER_URI]);
    const [server] = accepted;
    expect(server?.serverName).toBe('server.test');
    expect(server?.transport.alpnProtocol).toBe('tulle');
    expect(server?.transport.peerCertificate?.uris).toEqual([CLIENT_URI]);
    expect(server?.transport.peerCertificate?.validToMs).toBeGreaterThan(Date.now());
  });

  it('resumes sessions, and verifies the peer of a resumed one', async () => {
    const asked: string[] = [];
    const { listener, accepted } = await serve({
      verifyPeer: (certificate) => {
        asked.push(`server:${certificate.uris[0]}`);
        return null;
      },
    });
    const sessionCache = new TlsSessionCache();
    const [, client] = await testIdentities();
    const secureContext = clientContext(client);
    const verifyPeer: ConnectTlsOptions['verifyPeer'] = (certificate) => {
      asked.push(`client:${certificate.uris[0]}`);
      return null;
    };
    for (const isResumed of [false, true]) {
      const face = await dial(listener.port, { sessionCache, secureContext, verifyPeer });
      await echo(face);
      expect(face.transport.isSessionReused).toBe(isResumed);
      expect(accepted.at(-1)?.transport.isSessionReused).toBe(isResumed);
      expect(accepted.at(-1)?.transport.peerCertificate?.uris).toEqual([CLIENT_URI]);
      expect(face.transport.peerCertificate?.uris).toEqual([SERVER_URI]);
    }
    expect(asked.toSorted()).toEqual([
      `client:${SERVER_URI}`,
      `client:${SERVER_URI}`,
      `server:${CLIENT_URI}`,
      `server:${CLIENT_URI}`,
    ]);
    const refusing = await dial(listener.port, {
      sessionCache,
      secureContext,
      verifyPeer: () => 'not the one',
    });
    await refusing.handler.until(() => refusing.handler.closed);
    expect(refusing.handler.error).toMatchObject({ code: 'TRANSPORT_IDENTITY', phase: 'handshake' });
    expect(sessionCache.size).toBe(0);
  });

  it('refuses a client that verifyPeer refuses, before it is handed on, resumed or not', async () => {
    let reason: string | null = null;
    const { listener, accepted, refused } = await serve({ verifyPeer: () => reason });
    const sessionCache = new TlsSessionCache();
    const [, client] = await testIdentities();
    const secureContext = clientContext(client);
    await echo(await dial(listener.port, { sessionCache, secureContext }));
    reason = 'not in the mesh';
    const face = await dial(listener.port, { sessionCache, secureContext });
    writeText(face.transport, 'GET / HTTP/1.1');
    await face.handler.until(() => face.handler.closed || face.handler.ended);
    expect(face.handler.bytes).toBe(0);
    expect(accepted).toHaveLength(1);
    expect(refused).toMatchObject([
      { code: 'identity', detail: 'not in the mesh', remoteAddress: '127.0.0.1' },
    ]);
  });

  it('sends nothing to a server that verifyPeer refuses', async () => {
    const { listener, accepted } = await serve();
    const face = await dial(listener.port, { verifyPeer: (peer) => `unexpected ${peer.uris[0]}` });
    writeText(face.transport, 'secret');
    await face.handler.until(() => face.handler.closed);
    expect(face.handler.error).toMatchObject({
      code: 'TRANSPORT_IDENTITY',
      phase: 'handshake',
      retryable: true,
    });
    expect(face.handler.error?.message).toContain(`unexpected ${SERVER_URI}`);
    await sleep(30);
    expect(accepted.every(({ handler }) => handler.bytes === 0)).toBe(true);
  });

  it('refuses a client from another authority, and one without a certificate', async () => {
    const { listener, accepted, refused } = await serve();
    const other = await createTestAuthority();
    const { rootPem } = await testAuthority();
    const stranger = await dial(listener.port, {
      secureContext: clientContext(await issueIdentity(other, CLIENT_URI), rootPem),
    });
    await stranger.handler.until(() => stranger.handler.closed || stranger.handler.ended);
    const anonymous = await dial(listener.port, {
      secureContext: createSecureContext({ ca: rootPem, minVersion: 'TLSv1.3' }),
    });
    await anonymous.handler.until(() => anonymous.handler.closed || anonymous.handler.ended);
    expect(refused.map(({ code }) => code)).toEqual(['untrusted', 'no-certificate']);
    expect(accepted).toHaveLength(0);
  });

  it.each([
    ['from another authority', 'untrusted'],
    ['without a certificate', 'no-certificate'],
  ])('refuses a client %s that resumes the session of its refused handshake', async (_, code) => {
    const { listener, accepted, refused } = await serve();
    const { rootPem } = await testAuthority();
    const stranger = await issueIdentity(await createTestAuthority(), CLIENT_URI);
    const secureContext =
      code === 'untrusted' ? clientContext(stranger, rootPem) : createSecureContext({ ca: rootPem });
    let session: Buffer | undefined;
    for (let i = 0; i < 3; i++) {
      const socket = rawTls({
        port: listener.port,
        host: '127.0.0.1',
        secureContext,
        ALPNProtocols: ['tulle'],
        checkServerIdentity: () => undefined,
        ...(session === undefined ? {} : { session }),
      });
      socket.on('session', (fresh) => {
        session = fresh;
      });
      socket.on('error', () => {});
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(refused.map((refusal) => refusal.code)).toEqual([code, code, code]);
    expect(accepted).toHaveLength(0);
  });

  it('refuses a server from another authority', async () => {
    const { listener } = await serve();
    const other = await createTestAuthority();
    const [, client] = await testIdentities();
    const face = await dial(listener.port, { secureContext: clientContext(client, other.rootPem) });
    await face.handler.until(() => face.handler.closed);
    expect(face.handler.error).toMatchObject({ phase: 'handshake', retryable: true });
    expect(face.handler.error?.code).toMatch(/SIGNATURE|ISSUER|VERIFY|SELF_SIGNED/);
  });

  it.each([
    ['offers others', ['http/1.1']],
    ['offers none', []],
  ])('refuses a client that %s', async (_, alpnProtocols) => {
    const { listener, accepted, refused } = await serve();
    const face = await dial(listener.port, { alpnProtocols });
    await face.handler.until(() => face.handler.closed || face.handler.ended);
    await sleep(20);
    expect(refused.map(({ code }) => code)).toEqual(['alpn']);
    expect(accepted).toHaveLength(0);
  });

  it('refuses TLS 1.2', async () => {
    const { listener, refused } = await serve();
    const [, client] = await testIdentities();
    const socket = rawTls({
      port: listener.port,
      host: '127.0.0.1',
      cert: client.certPem,
      key: client.keyPem,
      ca: client.caPem,
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
    });
    await new Promise((resolve) => socket.once('error', resolve));
    await sleep(20);
    expect(refused.map(({ code }) => code)).toEqual(['protocol']);
  });

  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['zeros', '\0'.repeat(64)],
    ['text', 'hello, is there anybody in there?'],
  ])('refuses plaintext: %s', async (_, text) => {
    const { listener, accepted, refused } = await serve();
    const socket = connectSocket(listener.port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(refused.map(({ code }) => code)).toEqual(['plaintext']);
    expect(accepted).toHaveLength(0);
    await echo(await dial(listener.port));
  });

  it('gives a silent client up after the time limit', async () => {
    const { listener, refused } = await serve({ handshakeTimeoutMs: 50 });
    const socket = connectSocket(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(refused.map(({ code }) => code)).toEqual(['timeout']);
    await sleep(20);
    expect(listener.connectionCount).toBe(0);
  });

  it('gives a silent server up after the time limit', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const face = await dial((silent.address() as { port: number }).port, { connectTimeoutMs: 50 });
    await face.handler.until(() => face.handler.closed);
    expect(face.handler.error).toMatchObject({
      code: 'TRANSPORT_HANDSHAKE_TIMEOUT',
      phase: 'handshake',
      retryable: true,
    });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('reports a refused connection with its phase', async () => {
    const { listener } = await serve();
    await listener.close();
    const face = await dial(listener.port);
    await face.handler.until(() => face.handler.closed);
    expect(face.handler.error).toMatchObject({ code: 'ECONNREFUSED', phase: 'connect', retryable: true });
  });

  it('swaps settings without dropping connections, and forgets old sessions', async () => {
    const { listener, accepted } = await serve();
    const sessionCache = new TlsSessionCache();
    const [, client] = await testIdentities();
    const oldContext: SecureContext = clientContext(client);
    const old = await dial(listener.port, { sessionCache, secureContext: oldContext });
    await echo(old);
    const next = await createTestAuthority();
    const settings = { ...(await issueIdentity(next, SERVER_URI)), alpnProtocols: ['tulle'] };
    listener.updateSettings(settings);
    await echo(old, 'still there');
    const stale = await dial(listener.port, { sessionCache, secureContext: oldContext });
    await stale.handler.until(() => stale.handler.closed);
    expect(stale.handler.error?.phase).toBe('handshake');
    const fresh = await dial(listener.port, {
      sessionCache,
      secureContext: clientContext(await issueIdentity(next, CLIENT_URI)),
    });
    await echo(fresh);
    expect(fresh.transport.isSessionReused).toBe(false);
    expect(accepted).toHaveLength(2);
    await echo(old, 'to the end');
  });
});
