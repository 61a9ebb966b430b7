import { createTestAuthority, type TestAuthority } from '@tulle/testkit';
import { connectTcp } from '../connect-tcp.ts';
import { connectTls } from '../connect-tls.ts';
import { listenTcp } from '../listen-tcp.ts';
import { listenTls } from '../listen-tls.ts';
import { TlsSessionCache } from '../tls-session-cache.ts';
import type { Listener, Transport, TransportBackend } from '../transport.ts';
import { RecordingHandler } from './recording-handler.ts';
import { clientContext, issueIdentity, type TestIdentity } from './test-identity.ts';

export interface Face {
  readonly transport: Transport;
  readonly handler: RecordingHandler;
}

export interface Pair {
  readonly client: Face;
  readonly server: Face;
  readonly listener: Listener;
  close(): Promise<void>;
}

export const SERVER_URI = 'spiffe://test/ns/a/sa/server';
export const CLIENT_URI = 'spiffe://test/ns/a/sa/client';

let authority: Promise<TestAuthority> | null = null;
export function testAuthority(): Promise<TestAuthority> {
  authority ??= createTestAuthority();
  return authority;
}

let identities: Promise<[TestIdentity, TestIdentity]> | null = null;
export function testIdentities(): Promise<[server: TestIdentity, client: TestIdentity]> {
  identities ??= testAuthority().then((authority) =>
    Promise.all([issueIdentity(authority, SERVER_URI), issueIdentity(authority, CLIENT_URI)]),
  );
  return identities;
}

/** Two transports of one backend that are connected to each other over loopback. */
export async function connectedPair(
  backend: TransportBackend,
  isTls: boolean,
  onAccepted: (transport: Transport) => void = () => {},
): Promise<Pair> {
  const accepted = Promise.withResolvers<Face>();
  const onConnection = (transport: Transport) => {
    const handler = new RecordingHandler();
    transport.handler = handler;
    onAccepted(transport);
    accepted.resolve({ transport, handler });
  };
  const handler = new RecordingHandler();
  const connected = Promise.withResolvers<Transport>();
  const base = { host: '127.0.0.1', backend, onError: accepted.reject };
  const dial = { backend, host: '127.0.0.1', connectTimeoutMs: 5000, handler, onConnect: connected.resolve };
  let listener: Listener;
  if (isTls) {
    const [server, client] = await testIdentities();
    listener = await listenTls({
      ...base,
      port: 0,
      settings: { ...server, alpnProtocols: ['tulle'] },
      handshakeTimeoutMs: 5000,
      verifyPeer: () => null,
      onConnection,
      onRefused: (refusal) => accepted.reject(new Error(refusal.detail)),
    });
    connectTls({
      ...dial,
      port: listener.port,
      secureContext: clientContext(client),
      serverName: 'server.test',
      alpnProtocols: ['tulle'],
      sessionCache: new TlsSessionCache(),
      sessionKey: 'server',
      verifyPeer: () => null,
    });
  } else {
    listener = await listenTcp({ ...base, port: 0, onConnection });
    connectTcp({ ...dial, port: listener.port });
  }
  const [transport, server] = await Promise.all([connected.promise, accepted.promise]);
  return {
    client: { transport, handler },
    server,
    listener,
    async close() {
      transport.abort();
      server.transport.abort();
      await listener.close();
    },
  };
}
