/**
 * What a connection costs in memory: idle, after load, and when its peer reads nothing.
 * `node --expose-gc benchmarks/micro/transport-memory.ts [handle|socket] [connections]`
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listenTcp, type Transport, type TransportBackend } from '@tulle/http';

const ECHO_BYTES = 100_000;
const STALLED = 100;
const STALLED_BYTES = 1024 * 1024;
/** Far more than the kernel takes. */
const MAX_WRITES = 1024;
/** One write, and what a backend queues before it says false. */
const MAX_HEEDED_BYTES = 192 * 1024;
/** An address has 28,000 ports to dial from. */
const PER_ADDRESS = 5_000;

if (process.send === undefined) await measure();
else await dial();

interface Usage {
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
}

async function measure(): Promise<void> {
  const backend = (process.argv[2] ?? 'handle') as TransportBackend;
  const count = Number(process.argv[3] ?? 10_000);
  const transports: Transport[] = [];
  const listener = await listenTcp({
    host: '127.0.0.1',
    port: 0,
    backend,
    onConnection: (transport) => {
      transport.handler = echo(transport);
      transports.push(transport);
    },
    onError: (error) => {
      throw error;
    },
  });
  const peer = fork(fileURLToPath(import.meta.url), { execArgv: [] });
  const open = async (wanted: number): Promise<void> => {
    await tell(peer, { open: wanted, port: listener.port });
    // The peer's connections stand before they are accepted.
    while (transports.length < wanted) await sleep(10);
  };
  await open(200);
  await tell(peer, { close: true });
  transports.length = 0;
  const empty = await usage();
  await open(count);
  report(`${backend}: ${count} idle`, empty, await usage(), count);
  await tell(peer, { echo: true });
  report('after each echoed 100 KB', empty, await usage(), count);
  const before = await usage();
  const payload = Buffer.alloc(64 * 1024);
  const queued = stall(transports.slice(0, STALLED), payload);
  report(`${STALLED} stalled, ${queued / STALLED} bytes queued each`, before, await usage(), STALLED);
  await tell(peer, { close: true });
  transports.length = 0;
  report('all closed', empty, await usage(), count);
  peer.kill();
  await listener.close();
}

/** Fills what the kernel takes, then writes 1 MiB as an owner that heeds no back-pressure; gives what is queued. */
function stall(transports: readonly Transport[], payload: Buffer): number {
  let queued = 0;
  for (const transport of transports) {
    let writes = 0;
    while (transport.write(payload, 0, payload.length)) {
      if (++writes > MAX_WRITES) throw new Error('a connection takes all: it is closed, or its peer reads');
    }
    const heeded = transport.queuedBytes;
    if (heeded > MAX_HEEDED_BYTES) throw new Error(`${heeded} bytes are queued at the first false`);
    for (let sent = 0; sent < STALLED_BYTES; sent += payload.length) {
      transport.write(payload, 0, payload.length);
    }
    queued += transport.queuedBytes;
  }
  return queued;
}

function echo(transport: Transport): Transport['handler'] {
  return {
    onData: (buffer, start, end) => {
      if (!transport.write(buffer, start, end)) transport.pause();
    },
    onDrain: () => transport.resume(),
    onEnd: () => transport.end(),
    onClose() {},
  };
}

async function usage(): Promise<Usage> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await sleep(200);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

function report(name: string, from: Usage, to: Usage, count: number): void {
  const each = (bytes: number) => `${String(Math.round(bytes / count)).padStart(8)}`;
  console.log(
    `${name.padEnd(44)} a connection: rss ${each(to.rss - from.rss)}  heap ${each(to.heap - from.heap)}` +
      `  external ${each(to.external - from.external)}   (rss ${Math.round(to.rss / 1e6)} MB)`,
  );
}

interface Order {
  readonly open?: number;
  readonly port?: number;
  readonly echo?: boolean;
  readonly close?: boolean;
}

async function tell(peer: ChildProcess, order: Order): Promise<void> {
  peer.send(order);
  await once(peer, 'message');
}

/** The other process: clients that are idle, echo once, or read nothing. */
async function dial(): Promise<void> {
  process.once('disconnect', () => process.exit());
  const sockets: Socket[] = [];
  process.on('message', async (order: Order) => {
    if (order.open !== undefined) {
      while (sockets.length < order.open) {
        const batch = Math.min(500, order.open - sockets.length);
        const opened = Array.from({ length: batch }, (_, i) => open(order.port!, sockets.length + i));
        sockets.push(...(await Promise.all(opened)));
      }
    }
    if (order.echo === true) for (const socket of sockets) await echoOnce(socket);
    if (order.close === true) {
      for (const socket of sockets) socket.destroy();
      sockets.length = 0;
    }
    process.send!('done');
  });
}

async function open(port: number, index: number): Promise<Socket> {
  const localAddress = `127.0.1.${1 + Math.floor(index / PER_ADDRESS)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Reads all of it, then no more. */
async function echoOnce(socket: Socket): Promise<void> {
  let left = ECHO_BYTES;
  const done = new Promise<void>((resolve) => {
    const onData = (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData);
      socket.pause();
      resolve();
    };
    socket.on('data', onData);
  });
  socket.write(Buffer.alloc(ECHO_BYTES));
  await done;
}
