/** Large bodies between sidecars, beside small requests that must not wait behind them. */
import { type ClientHttp2Session, constants } from 'node:http2';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import { connectHttp2, fetch, startHttp2 } from './http2-peers.ts';
import { type Pair, startPair } from './proxy-pair.ts';

const MEGABYTE = 2 ** 20;
const CHUNK = Buffer.alloc(64 * 1024, 120);
const cleanup = new Cleanup();
let authority: TestAuthority;

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

/** Answers /large/N with N bytes, /counted with how many it got, and anything else with `small`. */
function startBulkApplication(): Promise<number> {
  return startHttp2(cleanup, (stream, { ':path': path = '' }) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    if (path === '/counted') {
      let bytes = 0;
      stream.on('data', (part: Buffer) => (bytes += part.length));
      stream.on('end', () => stream.end(String(bytes)));
      return;
    }
    const length = Number(/^\/large\/(\d+)$/.exec(path)?.[1] ?? 0);
    if (length === 0) stream.end('small');
    else pump(stream, length);
  });
}

function pump(to: NodeJS.WritableStream, length: number): void {
  let left = length;
  const go = () => {
    while (left > 0) {
      const part = CHUNK.subarray(0, Math.min(CHUNK.length, left));
      left -= part.length;
      if (!to.write(part)) {
        to.once('drain', go);
        return;
      }
    }
    to.end();
  };
  go();
}

const to = (path: string) => ({ ':path': path, ':authority': 'server.shop' });

/** Gives how many bytes came. */
function download(session: ClientHttp2Session, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request(to(`/large/${length}`));
    let bytes = 0;
    stream.on('data', (part: Buffer) => (bytes += part.length));
    stream.on('error', reject);
    stream.on('close', () => resolve(bytes));
  });
}

async function upload(session: ClientHttp2Session, length: number, isAnnounced: boolean): Promise<number> {
  const announced = isAnnounced ? { 'content-length': length } : {};
  const stream = session.request({ ...to('/counted'), ':method': 'POST', ...announced });
  let text = '';
  stream.setEncoding('latin1').on('data', (part: string) => (text += part));
  const closed = new Promise((resolve, reject) => stream.on('close', resolve).on('error', reject));
  pump(stream, length);
  await closed;
  return Number(text);
}

interface PoolPage {
  readonly open: number;
  readonly bulk: number;
}

const poolOf = (pair: Pair) => (pair.client.proxy.describe() as { pools: PoolPage[] }).pools[0]!;
/** Sessions of their own, with windows that do not hold the sidecars up. */
const sessionTo = (pair: Pair) => connectHttp2(cleanup, pair.client.proxy.outboundPort);

async function timeSmall(session: ClientHttp2Session): Promise<number> {
  const startMs = performance.now();
  expect(await fetch(session, to('/'))).toMatchObject({ status: 200, body: 'small' });
  return performance.now() - startMs;
}

/** Small requests, one after the other, until the large ones are done; their times, sorted. */
async function smallDuring(session: ClientHttp2Session, large: Promise<unknown>): Promise<number[]> {
  const state = { isDone: false };
  const done = large.finally(() => {
    state.isDone = true;
  });
  const times: number[] = [];
  while (!state.isDone) times.push(await timeSmall(session));
  await done;
  return times.sort((a, b) => a - b);
}

describe.each(['socket', 'handle'] as const)(
  'large bodies between sidecars, over %s transports',
  (backend) => {
    const open = async (limits = {}) =>
      startPair({ backend, authority, cleanup, limits }, await startBulkApplication());

    it('pass whole, from 1 MB to 100 MB and both ways, and small requests are answered meanwhile', async () => {
      const pair = await open();
      const [large, small] = [sessionTo(pair), sessionTo(pair)];
      await timeSmall(small);
      const all = Promise.all([
        ...[1, 10, 100].map((megabytes) => download(large, megabytes * MEGABYTE)),
        upload(large, MEGABYTE, true),
        upload(large, 10 * MEGABYTE, false),
        upload(large, 50 * MEGABYTE, true),
      ]);
      const times = await smallDuring(small, all);
      expect(await all).toEqual([1, 10, 100, 1, 10, 50].map((megabytes) => megabytes * MEGABYTE));
      console.info(`small: ${times.length}, median ${times[times.length >> 1]!.toFixed(1)} ms`);
      expect(times.length).toBeGreaterThan(5);
      expect(times[times.length >> 1]!, 'ms, the median').toBeLessThan(500);
    }, 60_000);

    it('have a connection each, that others use again after them', async () => {
      const pair = await open();
      const session = sessionTo(pair);
      const announced = session.request({
        ...to('/counted'),
        ':method': 'POST',
        'content-length': MEGABYTE,
      });
      const begun = session.request(to(`/large/${20 * MEGABYTE}`));
      await new Promise((resolve) => begun.once('response', resolve));
      begun.resume();
      await timeSmall(session);
      await eventually(async () => {
        announced.write(CHUNK.subarray(0, 8_000));
        await timeSmall(session);
        expect(poolOf(pair)).toMatchObject({ bulk: 2, open: 3 });
      });
      expect(pair.client.metrics.render()).toContain('tulle_bulk_connections_open 2');
      for (const stream of [announced, begun]) stream.on('error', () => {});
      announced.close(constants.NGHTTP2_CANCEL);
      begun.close(constants.NGHTTP2_CANCEL);
      await eventually(() => expect(poolOf(pair).bulk).toBe(0));
      await timeSmall(session);
      expect(poolOf(pair).open).toBe(3);
    });

    it('share what they have once that many are taken', async () => {
      const pair = await open({ maxBulkConnectionsPerEndpoint: 2 });
      const session = sessionTo(pair);
      const large = Promise.all(Array.from({ length: 6 }, () => upload(session, 4 * MEGABYTE, true)));
      let most = 0;
      await smallDuring(
        sessionTo(pair),
        large.finally(() => (most = poolOf(pair).open)),
      );
      expect(await large).toEqual(new Array(6).fill(4 * MEGABYTE));
      expect(most).toBeLessThanOrEqual(3);
    }, 30_000);
  },
);
