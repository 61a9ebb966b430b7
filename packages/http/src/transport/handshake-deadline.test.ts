import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectTls } from './connect-tls.ts';
import { testIdentities } from './testing/connected-pair.ts';
import { RecordingHandler } from './testing/recording-handler.ts';
import { clientContext } from './testing/test-identity.ts';
import { TlsSessionCache } from './tls-session-cache.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe.each(['socket', 'handle'] as const)('the deadline of a handshake on the %s backend', (backend) => {
  it('is its own where one is given, however long connecting may take', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const [, client] = await testIdentities();
    const handler = new RecordingHandler();
    connectTls({
      host: '127.0.0.1',
      port: (silent.address() as AddressInfo).port,
      backend,
      connectTimeoutMs: 30_000,
      handshakeTimeoutMs: 50,
      handler,
      secureContext: clientContext(client),
      serverName: 'a.b',
      alpnProtocols: ['tulle'],
      sessionCache: new TlsSessionCache(),
      sessionKey: 'a',
      verifyPeer: () => null,
      onConnect: () => {},
    });
    await handler.until(() => handler.closed);
    expect(handler.error).toMatchObject({ code: 'TRANSPORT_HANDSHAKE_TIMEOUT', phase: 'handshake' });
    expect(handler.error!.message).toContain('within 50 ms');
  });
});
