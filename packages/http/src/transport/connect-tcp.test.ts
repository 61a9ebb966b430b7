import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectTcp } from './connect-tcp.ts';
import { listenTcp } from './listen-tcp.ts';
import { RecordingHandler, writeText } from './testing/recording-handler.ts';
import type { Transport } from './transport.ts';

describe.each(['socket', 'handle'] as const)('connectTcp on the %s backend', (backend) => {
  const dial = (port: number, host = '127.0.0.1', connectTimeoutMs = 5000) => {
    const handler = new RecordingHandler();
    const connected = Promise.withResolvers<Transport>();
    const onConnect = connected.resolve;
    const transport = handler.during(() =>
      connectTcp({ host, port, backend, connectTimeoutMs, handler, onConnect }),
    );
    return { transport, handler, connected: connected.promise };
  };

  it('reports a refusal as a retryable connect error', async () => {
    const listener = await listenTcp({
      host: '127.0.0.1',
      port: 0,
      backend,
      onConnection() {},
      onError() {},
    });
    await listener.close();
    const { transport, handler } = dial(listener.port);
    handler.during(() => writeText(transport, 'queued'));
    await handler.until(() => handler.closed);
    expect(handler.error).toMatchObject({ code: 'ECONNREFUSED', phase: 'connect', retryable: true });
    expect(handler.events).toEqual(['close']);
  });

  it('reports a time limit', async () => {
    const silent = await silentListener();
    const dials = Array.from({ length: 8 }, () => dial(silent.port, '127.0.0.1', 200));
    const last = dials.at(-1)!;
    await last.handler.until(() => last.handler.closed);
    expect(last.handler.error).toMatchObject({
      code: 'TRANSPORT_CONNECT_TIMEOUT',
      phase: 'connect',
      retryable: true,
    });
    for (const { transport } of dials) transport.abort();
    silent.stop();
  });

  it('keeps no time limit that only its own process has missed', async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { connected, transport } = dial(port, '127.0.0.1', 50);
    // The name is looked up, where it is one, and the connection begun.
    await new Promise((resolve) => setImmediate(resolve));
    const busyUntilMs = performance.now() + 150;
    while (performance.now() < busyUntilMs);
    await connected;
    transport.abort();
    server.close();
  });

  it('can be aborted while it connects', async () => {
    const silent = await silentListener();
    const { transport, handler } = dial(silent.port);
    handler.during(() => transport.abort());
    await handler.until(() => handler.closed);
    expect(handler.error).toBeNull();
    silent.stop();
  });

  it('sends what was written, and ended, before it stood, by name too', async () => {
    const received = new RecordingHandler();
    const listener = await listenTcp({
      host: 'localhost',
      port: 0,
      backend,
      onConnection: (transport) => {
        transport.handler = received;
      },
      onError() {},
    });
    const { transport } = dial(listener.port, 'localhost');
    writeText(transport, 'a'.repeat(1000));
    writeText(transport, 'b'.repeat(100_000));
    transport.end();
    await received.until(() => received.ended);
    expect(received.text).toBe('a'.repeat(1000) + 'b'.repeat(100_000));
    transport.abort();
    await listener.close();
  });

  it('reports a reset by a peer of another make', async () => {
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer((socket) => accepted.resolve(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { handler, connected } = dial((server.address() as { port: number }).port);
    await connected;
    (await accepted.promise).resetAndDestroy();
    await handler.until(() => handler.closed);
    expect(handler.error).toMatchObject({ code: 'ECONNRESET', phase: 'read', retryable: false });
    server.close();
  });

  it('refuses connections above the limit, and an address that is taken', async () => {
    const transports: Transport[] = [];
    const options = {
      host: '127.0.0.1',
      backend,
      maxConnections: 1,
      onConnection: (transport: Transport) => transports.push(transport),
      onError() {},
    };
    const listener = await listenTcp({ ...options, port: 0 });
    const first = dial(listener.port);
    await first.connected;
    const second = dial(listener.port);
    await second.handler.until(() => second.handler.ended || second.handler.closed);
    expect(transports).toHaveLength(1);
    await expect(listenTcp({ ...options, port: listener.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    first.transport.abort();
    second.transport.abort();
    for (const transport of transports) transport.abort();
    await listener.close();
  });
});

/** A listener whose process is stopped: its short backlog fills, and the kernel drops what follows. */
async function silentListener(): Promise<{ port: number; stop(): void }> {
  const script =
    "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  return { port: Number(line.toString()), stop: () => child.kill('SIGKILL') };
}
