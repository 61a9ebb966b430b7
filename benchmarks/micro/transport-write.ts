/**
 * What a write costs, us each, by what it is written from: `node benchmarks/micro/transport-write.ts [seconds]`.
 * CPU of this process; the peer reads in a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import {
  connectTcp,
  connectTls,
  idleHandler,
  listenTcp,
  listenTls,
  scratch,
  TlsSessionCache,
  type Transport,
  type TransportBackend,
  takeWriteBlock,
} from '@tulle/http';
import { createTestAuthority } from '@tulle/testkit';

const BACKENDS: readonly TransportBackend[] = ['handle', 'socket'];
const SOURCES = ['block', 'scratch', 'other memory'] as const;
const SIZES = [1024, 65_536];
const ROUNDS = 8;
/** Of 64 KiB, in a turn of the loop: about what a busy connection gathers. */
const BURST_BYTES = 65_536;

interface Order {
  readonly backend: TransportBackend;
  readonly isTls: boolean;
  readonly port: number;
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

if (process.send === undefined) await measureAll(Number(process.argv[2] ?? 1));
else process.on('message', readAll);

async function measureAll(seconds: number): Promise<void> {
  const authority = await createTestAuthority();
  const issued = await authority.issue({ spiffeId: 'spiffe://test/ns/a/sa/b' });
  const identity = {
    certPem: issued.certificatePem,
    keyPem: issued.privateKeyPem,
    caPem: issued.rootsPem,
  };
  const peer = fork(fileURLToPath(import.meta.url));
  for (const isTls of [false, true]) {
    for (const backend of BACKENDS) {
      const transport = await connected(peer, { backend, isTls, port: 0, ...identity });
      for (const bytes of SIZES) {
        const best = SOURCES.map(() => Number.POSITIVE_INFINITY);
        // Interleaved, and the best of the rounds: the machine is shared.
        for (let round = 0; round < ROUNDS; round++) {
          for (const [i, source] of SOURCES.entries()) {
            best[i] = Math.min(best[i]!, await measure(transport, source, bytes, seconds / ROUNDS));
          }
        }
        const name = `${isTls ? 'tls' : 'plain'}, ${backend}, ${bytes / 1024} KB`;
        const figures = SOURCES.map((source, i) => `${source} ${best[i]!.toFixed(2).padStart(6)}`);
        console.log(`${name.padEnd(24)}${figures.join('   ')} us`);
      }
      transport.abort();
    }
  }
  peer.kill();
  process.exit();
}

async function connected(peer: ChildProcess, order: Order): Promise<Transport> {
  const accepted = Promise.withResolvers<Transport>();
  const base = {
    host: '127.0.0.1',
    port: 0,
    backend: order.backend,
    onConnection: accepted.resolve,
    onError: accepted.reject,
  };
  const listener = order.isTls
    ? await listenTls({
        ...base,
        settings: { ...order, alpnProtocols: [] },
        handshakeTimeoutMs: 5000,
        verifyPeer: () => null,
        onRefused: ({ detail }) => accepted.reject(new Error(detail)),
      })
    : await listenTcp(base);
  peer.send({ ...order, port: listener.port });
  const transport = await accepted.promise;
  await once(peer, 'message');
  await listener.close();
  return transport;
}

/** CPU microseconds a write, waiting for the peer left out as far as it is idle. */
async function measure(
  transport: Transport,
  source: (typeof SOURCES)[number],
  bytes: number,
  seconds: number,
): Promise<number> {
  const memory = Buffer.alloc(bytes);
  const write = (): boolean => {
    if (source === 'block') return transport.writeBlock(takeWriteBlock(), 0, bytes);
    return transport.write(source === 'scratch' ? scratch.buffer : memory, 0, bytes);
  };
  let writes = 0;
  let mayGoOn = true;
  const drained = { resolve: () => {} };
  transport.handler = { ...idleHandler, onDrain: () => drained.resolve() };
  const until = performance.now() + seconds * 1000;
  const before = process.cpuUsage();
  while (performance.now() < until) {
    const cycle = new Promise<void>((resolve) => {
      drained.resolve = resolve;
    });
    for (let sent = 0; sent < BURST_BYTES && mayGoOn; sent += bytes) {
      mayGoOn = write();
      writes++;
    }
    if (mayGoOn) setImmediate(drained.resolve);
    await cycle;
    mayGoOn = true;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / writes;
}

/** The other process: reads all there is. */
function readAll(order: Order): void {
  const base = {
    host: '127.0.0.1',
    port: order.port,
    backend: 'handle' as const,
    connectTimeoutMs: 5000,
    handler: idleHandler,
    onConnect: () => void process.send!('connected'),
  };
  if (!order.isTls) connectTcp(base);
  else {
    connectTls({
      ...base,
      secureContext: createSecureContext({ cert: order.certPem, key: order.keyPem, ca: order.caPem }),
      serverName: '',
      alpnProtocols: [],
      sessionCache: new TlsSessionCache(),
      sessionKey: 'peer',
      verifyPeer: () => null,
    });
  }
}
