/** A client that does not read costs a bounded amount of memory, whatever it has asked for, and holds up nobody. */
import {
  canMeasureMemory,
  eventually,
  forgetPeak,
  peakResidentBytes,
  type RunningProcess,
  residentBytes,
  startProcess,
} from '@tulle/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type LargeClient, type LargeOrigin, largeClient, largeOrigin, type Stall } from './large-bodies.ts';

const MEGABYTE = 2 ** 20;
const mostBytes = 64 * MEGABYTE;
/** What the kernel's socket buffers and the windows on the way may hold between origin and client. */
const mostUnderWayBytes = 48 * MEGABYTE;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Setup {
  readonly origin: LargeOrigin;
  readonly proxy: RunningProcess;
  readonly port: number;
  readonly idleBytes: number;
}

async function setUp(backend: string, back: 1 | 2): Promise<Setup> {
  const origin = await largeOrigin(back);
  const proxy = await startProcess({
    name: 'proxy',
    entry: new URL('./forwarding-process.ts', import.meta.url),
    args: [backend, String(origin.port), String(back)],
  });
  closers.push(
    () => origin.close(),
    () => proxy.stop(0),
  );
  const { port } = await proxy.waitForLog('listening');
  return { origin, proxy, port: port as number, idleBytes: await residentBytes(proxy.pid) };
}

/** Until the origin cannot send on: two looks, 100 ms apart, see the same. */
async function stalled(origin: LargeOrigin): Promise<void> {
  let last = -1;
  await eventually(
    () => {
      const before = last;
      last = origin.sentBytes;
      if (last === 0 || last !== before) throw new Error(`the origin sends on: ${last}`);
    },
    { intervalMs: 100, timeoutMs: 15_000 },
  );
}

async function expectServed(client: LargeClient): Promise<void> {
  const startMs = performance.now();
  expect(await client.askSmall()).toBe('ok');
  expect(performance.now() - startMs, 'ms for a small answer meanwhile').toBeLessThan(5000);
}

/** A gigabyte by the backend that is used where it can be; less by the other, whose bounds are the same. */
const cases: [string, 1 | 2, 1 | 2, Stall, number][] = [
  ['handle', 1, 1, 'socket', 1024],
  ['handle', 1, 2, 'socket', 1024],
  ['handle', 2, 1, 'window', 1024],
  ['handle', 2, 2, 'window', 1024],
  ['handle', 2, 1, 'socket', 256],
  ['handle', 2, 2, 'socket', 256],
  ['socket', 1, 1, 'socket', 256],
  ['socket', 1, 2, 'socket', 256],
  ['socket', 2, 1, 'window', 256],
  ['socket', 2, 2, 'window', 256],
];

describe.skipIf(!canMeasureMemory)('a client that stalls, then reads', () => {
  it.each(cases)(
    '%s backend, HTTP/%i in, HTTP/%i out, its %s shut: %i MB in bounded memory',
    async (backend, front, back, stall, megabytes) => {
      const { origin, proxy, port, idleBytes } = await setUp(backend, back);
      const client = largeClient(front, port, megabytes * MEGABYTE, stall);
      closers.push(() => client.close());
      await stalled(origin);
      const underWay = origin.sentBytes - client.receivedBytes;
      expect(underWay, 'the origin is held back').toBeLessThan(mostUnderWayBytes);
      expect((await residentBytes(proxy.pid)) - idleBytes, 'bytes while it stalls').toBeLessThan(mostBytes);
      if (stall === 'window' || front === 1) {
        for (let i = 0; i < 5; i++) await expectServed(client);
        if (back === 2) expect(origin.connections, 'over the same connection upstream').toBe(1);
      }
      await forgetPeak(proxy.pid);
      await client.drain();
      const peakBytes = (await peakResidentBytes(proxy.pid)) - idleBytes;
      expect(peakBytes, 'bytes at most while it reads').toBeLessThan(mostBytes);
      console.info(`above idle at most: ${(peakBytes / MEGABYTE).toFixed(1)} MB`);
    },
    120_000,
  );
});
