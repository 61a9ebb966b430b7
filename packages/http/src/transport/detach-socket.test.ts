import { connect } from 'node:net';
import { eventually } from '@tulle/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { connectTls } from './connect-tls.ts';
import { detachSocket } from './detach-socket.ts';
import { listenTcp } from './listen-tcp.ts';
import { testIdentities } from './testing/connected-pair.ts';
import { RecordingHandler, writeText } from './testing/recording-handler.ts';
import { clientContext } from './testing/test-identity.ts';
import { TlsAcceptor } from './tls-acceptor.ts';
import { TlsSessionCache } from './tls-session-cache.ts';
import { idleHandler, type Transport } from './transport.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe.each(['socket', 'handle'] as const)('detachSocket on the %s backend', (backend) => {
  /** Reads the first bytes of each connection, puts them back, and goes on with TLS. */
  async function serve() {
    const [server] = await testIdentities();
    const accepted: Transport[] = [];
    const events: string[] = [];
    const acceptor = new TlsAcceptor({
      backend,
      settings: { ...server, alpnProtocols: ['tulle'] },
      handshakeTimeoutMs: 2_000,
      verifyPeer: () => null,
      onConnection: (transport) => {
        transport.handler = {
          ...idleHandler,
          onData: (buffer, start, end) => transport.write(buffer, start, end),
          onEnd: () => transport.end(),
        };
        accepted.push(transport);
      },
      onRefused: ({ code }) => events.push(`refused ${code}`),
    });
    const listener = await listenTcp({
      host: '127.0.0.1',
      port: 0,
      backend,
      onConnection: (plain) => {
        plain.handler = {
          ...idleHandler,
          onData: (buffer, start, end) => {
            const unread = Buffer.from(buffer.subarray(start, end));
            plain.pause();
            setImmediate(() => acceptor.accept(detachSocket(plain, unread)!));
          },
          onClose: () => events.push('plain transport told of its close'),
        };
      },
      onError: (error) => {
        throw error;
      },
    });
    cleanups.push(() => {
      for (const transport of accepted) transport.abort();
      return listener.close();
    });
    return { listener, accepted, events };
  }

  it('lets a handshake begin with what was read, and counts the connection until it closes', async () => {
    const { listener, accepted, events } = await serve();
    const [, client] = await testIdentities();
    const handler = new RecordingHandler();
    const transport = connectTls({
      host: '127.0.0.1',
      port: listener.port,
      backend,
      connectTimeoutMs: 2_000,
      handler,
      secureContext: clientContext(client),
      serverName: 'a.b',
      alpnProtocols: ['tulle'],
      sessionCache: new TlsSessionCache(),
      sessionKey: 'a',
      verifyPeer: () => null,
      onConnect: (connected) => writeText(connected, 'hello'),
    });
    await eventually(() => expect(handler.text).toBe('hello'));
    expect(accepted[0]).toMatchObject({ isTls: true, alpnProtocol: 'tulle' });
    expect(accepted[0]!.fd).toBeGreaterThan(0);
    expect(listener.connectionCount).toBe(1);
    transport.end();
    await eventually(() => expect(handler.closed).toBe(true));
    await eventually(() => expect(listener.connectionCount).toBe(0));
    expect(events).toEqual([]);
  });

  it('answers null for a connection that is gone', async () => {
    const gone = Promise.withResolvers<Transport>();
    const listener = await listenTcp({
      host: '127.0.0.1',
      port: 0,
      backend,
      onConnection: (plain) => {
        plain.handler = { ...idleHandler, onClose: () => gone.resolve(plain) };
        plain.abort();
      },
      onError: () => {},
    });
    cleanups.push(() => listener.close());
    connect(listener.port, '127.0.0.1').on('error', () => {});
    expect(detachSocket(await gone.promise, Buffer.from('x'))).toBeNull();
  });
});
