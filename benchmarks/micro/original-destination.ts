/**
 * What asking for a connection's original destination costs, ns:
 * `node benchmarks/micro/original-destination.ts [seconds]`. Without a redirect the kernel answers ENOENT; the
 * look-up in its connection table, which a redirected connection adds, is small beside the call.
 */
import { connect, createServer, type Socket } from 'node:net';
import {
  loadOriginalDestination,
  originalDestinationBy,
} from '../../packages/sidecar/src/capture/original-destination.ts';
import { measure } from './measure.ts';

const seconds = Number(process.argv[2] ?? 1) / 3;
const memoryBefore = process.memoryUsage().rss;
const startMs = performance.now();
const ask = await loadOriginalDestination();
const loadMs = performance.now() - startMs;
const loadMb = (process.memoryUsage().rss - memoryBefore) / 1e6;

const socket = await acceptedSocket();
const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
const row = (name: string, ns: number) => console.log(`${name.padEnd(44)} ${ns.toFixed(0)} ns`);
console.log(`${'loading koffi'.padEnd(44)} ${loadMs.toFixed(0)} ms, ${loadMb.toFixed(1)} MB`);
row(
  'one call into the kernel',
  measure(() => (ask(fd, 4) === null ? 0 : 1), seconds),
);
row('reading an IPv4 answer', measureReading(4, '02000050c0000201'));
row('reading an IPv6 answer', measureReading(6, '0a0000500000000020010db8000000000000000000000001'));
process.exit();

function measureReading(family: 4 | 6, hex: string): number {
  const answer = Buffer.from(hex, 'hex');
  const read = originalDestinationBy((_fd, _level, _name, value) => {
    answer.copy(value);
    return 0;
  });
  return measure(() => read(fd, family)!.address.length, seconds);
}

async function acceptedSocket(): Promise<Socket> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((incoming) => accepted.resolve(incoming));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  connect((server.address() as { port: number }).port, '127.0.0.1');
  return await accepted.promise;
}
