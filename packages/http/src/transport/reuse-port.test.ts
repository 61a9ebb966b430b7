import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listenTcp } from './listen-tcp.ts';
import { listenTls } from './listen-tls.ts';
import { testIdentities } from './testing/connected-pair.ts';
import type { Listener, Transport, TransportBackend } from './transport.ts';

const CONNECTIONS = 64;

const listeners: Listener[] = [];
const transports: Transport[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const transport of transports.splice(0)) transport.abort();
  for (const listener of listeners.splice(0)) await listener.close();
});

async function listen(
  options: { backend: TransportBackend; isTls: boolean },
  port: number,
  reusePort = true,
): Promise<Listener> {
  const base = {
    host: '127.0.0.1',
    port,
    reusePort,
    backend: options.backend,
    onConnection: (transport: Transport) => void transports.push(transport),
    onError() {},
  };
  const [server] = await testIdentities();
  const listener = options.isTls
    ? await listenTls({
        ...base,
        settings: { ...server, alpnProtocols: [] },
        handshakeTimeoutMs: 5000,
        verifyPeer: () => null,
        onRefused() {},
      })
    : await listenTcp(base);
  listeners.push(listener);
  return listener;
}

/** Opens connections until the listeners have counted as many: that is before a handshake. */
async function dialAll(port: number, count: () => number): Promise<void> {
  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
  }
  while (count() < CONNECTIONS) await new Promise(setImmediate);
}

describe.each([
  { backend: 'socket', isTls: false },
  { backend: 'handle', isTls: false },
  { backend: 'socket', isTls: true },
  { backend: 'handle', isTls: true },
] as const)('a shared port, $backend backend, TLS $isTls', (options) => {
  it('spreads connections over all who listen', async () => {
    const first = await listen(options, 0);
    const second = await listen(options, first.port);
    expect(second.port).toBe(first.port);
    await dialAll(first.port, () => first.connectionCount + second.connectionCount);
    expect(first.connectionCount).toBeGreaterThan(0);
    expect(second.connectionCount).toBeGreaterThan(0);
  });

  it('is served by the others when one stops to listen', async () => {
    const first = await listen(options, 0);
    const second = await listen(options, first.port);
    await first.close();
    await dialAll(second.port, () => second.connectionCount);
    expect(first.connectionCount).toBe(0);
  });

  it.each([
    ['the first', false, true],
    ['the second', true, false],
  ])('is refused where %s does not share', async (_, isFirstSharing, isSecondSharing) => {
    const first = await listen(options, 0, isFirstSharing);
    await expect(listen(options, first.port, isSecondSharing)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
