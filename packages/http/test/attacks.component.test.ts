/** RFC 9113 section 10.5 over real sockets: what hostile clients cost the process that they attack, and others beside them. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { PeerCredit } from '../src/h2/testing/peer-credit.ts';
import {
  continuation,
  E,
  headers,
  openHeaders,
  ping,
  rst,
  S,
  settings,
  windowUpdate,
} from '../src/h2/testing/raw-frames.ts';
import { indexedField, literalField, literalFields, WITH_INDEXING } from '../src/h2/testing/raw-hpack.ts';
import { dialPeer, type SocketPeer } from '../src/h2/testing/raw-peer.ts';
import { type NodeOrigin, nodeClient, nodeOrigin } from './node-peers.ts';

const MEGABYTE = 2 ** 20;
/** Each answer that waits holds what one read of its upstream gave, up to 64 KB. */
const mostBytes = 64 * MEGABYTE;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const request = (method: string, path: string) =>
  literalFields([
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a.test'],
  ]);
const get = request('GET', '/size/5');
const odd = (i: number) => 2 * i + 1;

/** Writes what `next` gives, as fast as the socket takes it, until the connection is gone or `count` are sent. */
async function flood(
  { socket, peer }: SocketPeer,
  count: number,
  next: (i: number) => Buffer,
): Promise<void> {
  for (let i = 0; i < count && !peer.isClosed; ) {
    const some: Buffer[] = [];
    for (const end = Math.min(i + 500, count); i < end; i++) some.push(next(i));
    const mayGoOn = socket.write(Buffer.concat(some));
    if (mayGoOn) await nextTurn();
    else await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

interface Attack {
  readonly name: string;
  /** The limit that ends it; null: it is only held in bounds. */
  readonly limit: string | null;
  run(attacker: SocketPeer): Promise<void>;
}

const bomb = literalField('x-bomb', 'v'.repeat(4000), WITH_INDEXING);
const bombs = Buffer.concat([get, ...Array.from({ length: 16_000 }, () => indexedField(62))]);

const attacks: readonly Attack[] = [
  {
    name: 'rapid reset (CVE-2023-44487)',
    limit: 'resets',
    run: (attacker) =>
      flood(attacker, 100_000, (i) =>
        Buffer.concat([headers(odd(i), get, { isEnd: true }), rst(odd(i), E.CANCEL)]),
      ),
  },
  {
    name: 'streams that it is made to reset (CVE-2025-8671)',
    limit: 'resets',
    run: (attacker) =>
      flood(attacker, 100_000, (i) =>
        Buffer.concat([headers(odd(i), get, { isEnd: true }), windowUpdate(odd(i), 0)]),
      ),
  },
  {
    name: 'CONTINUATION without end (CVE-2024-27316)',
    limit: 'continuations',
    run: async (attacker) => {
      attacker.peer.send(openHeaders(1, get));
      await flood(attacker, 100_000, () => continuation(1, literalField('a', ''), false));
    },
  },
  {
    name: 'PING that it answers to nobody (CVE-2019-9512)',
    limit: 'control_frames',
    run: async (attacker) => {
      attacker.socket.pause();
      await flood(attacker, 200_000, () => ping('x'));
    },
  },
  {
    name: 'SETTINGS (CVE-2019-9515)',
    limit: 'control_frames',
    run: (attacker) => flood(attacker, 200_000, (i) => settings([[S.INITIAL_WINDOW_SIZE, 1 + (i % 70_000)]])),
  },
  {
    name: 'field sections that grow in decoding (HPACK bomb)',
    limit: 'field_section',
    run: async (attacker) => {
      attacker.peer.send(headers(1, Buffer.concat([get, bomb]), { isEnd: true }));
      for (let i = 1; i < 200; i++) attacker.peer.send(headers(odd(i), bombs, { isEnd: true }));
      await attacker.peer.settled();
    },
  },
  {
    name: 'four hundred answers of 1 MB, windows open, and nothing read (CVE-2019-9517)',
    limit: null,
    run: async (attacker) => {
      attacker.socket.pause();
      const windows = [settings([[S.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]]), windowUpdate(0, 2 ** 30)];
      attacker.peer.send(...windows);
      await flood(attacker, 400, (i) => headers(odd(i), request('GET', '/size/1000000'), { isEnd: true }));
    },
  },
  {
    name: 'four hundred answers of 1 MB, and no window',
    limit: null,
    run: async (attacker) => {
      attacker.peer.send(settings([[S.INITIAL_WINDOW_SIZE, 0]]));
      await flood(attacker, 400, (i) => headers(odd(i), request('GET', '/size/1000000'), { isEnd: true }));
      await attacker.peer.settled();
    },
  },
  {
    name: 'five hundred answers in windows of one byte (CVE-2019-9511)',
    limit: null,
    run: async (attacker) => {
      attacker.peer.send(settings([[S.INITIAL_WINDOW_SIZE, 1]]));
      await flood(attacker, 500, (i) => headers(odd(i), request('GET', '/size/100000'), { isEnd: true }));
      await flood(attacker, 8_000, (i) => windowUpdate(odd(i % 500), 1));
      await attacker.peer.settled();
    },
  },
  {
    name: 'window increments of one byte, far more than it sends',
    limit: 'control_frames',
    run: async (attacker) => {
      attacker.peer.send(headers(1, request('GET', '/never'), { isEnd: true }));
      await flood(attacker, 200_000, () => windowUpdate(1, 1));
    },
  },
  {
    name: 'five hundred bodies that nobody takes upstream',
    limit: null,
    run: async (attacker) => {
      attacker.peer.send(settings());
      const credit = new PeerCredit(attacker.peer, 65_535);
      for (let i = 0; i < 500; i++) attacker.peer.send(headers(odd(i), request('POST', '/never')));
      for (let rounds = 0; rounds < 5; rounds++) {
        for (let i = 0; i < 500; i++) credit.send(odd(i), 200_000);
        await attacker.peer.settled();
      }
    },
  },
];

async function setUp(backend: string) {
  const origin: NodeOrigin = await nodeOrigin(1);
  const proxy: RunningProcess = await startProcess({
    name: 'proxy',
    entry: new URL('./forwarding-process.ts', import.meta.url),
    args: [backend, String(origin.port), '1'],
  });
  closers.push(
    () => origin.close(),
    () => proxy.stop(0),
  );
  const port = Number((await proxy.waitForLog('listening')).port);
  const bystander = nodeClient(2, port);
  closers.push(() => bystander.close());
  for (let i = 0; i < 20; i++) await bystander.ask({ path: '/size/1000' });
  return { proxy, port, bystander };
}

describe.skipIf(!canMeasureMemory)('an attack', () => {
  it.each(attacks)(
    '$name: memory is bounded, others are served, and the limit is told: $limit',
    async (attack) => {
      const { proxy, port, bystander } = await setUp('handle');
      const idleBytes = await residentBytes(proxy.pid);
      await forgetPeak(proxy.pid);
      const attacker = dialPeer(port);
      attacker.peer.countsData = true;
      closers.push(() => attacker.socket.destroy());
      if (attack.limit !== null) attacker.peer.send(settings());
      const running = attack.run(attacker);
      let slowestMs = 0;
      for (let i = 0; i < 20; i++) {
        const startMs = performance.now();
        const answer = await bystander.ask({ path: '/size/1000' });
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
        expect(answer.body.length).toBe(1000);
      }
      if (attack.limit === 'control_frames') await stalledOrClosed(attacker.socket, running);
      else await running;
      await eventually(() => {
        const names = proxy.log.filter((line) => line.msg === 'limit').map((line) => line.name);
        if (attack.limit === null) expect(new Set(names).size).toBe(0);
        else expect(new Set(names)).toEqual(new Set([attack.limit]));
      });
      const peakBytes = (await peakResidentBytes(proxy.pid)) - idleBytes;
      console.info(
        `${attack.name}: ${(peakBytes / MEGABYTE).toFixed(1)} MB, bystander ${slowestMs.toFixed(0)} ms`,
      );
      expect(peakBytes, 'bytes above idle').toBeLessThan(mostBytes);
      expect(slowestMs, 'ms for a bystander').toBeLessThan(5000);
    },
  );
});

/** An attacker that does not read learns of the end only by what it cannot write any more. */
async function stalledOrClosed(socket: Socket, running: Promise<void>): Promise<void> {
  socket.resume();
  await Promise.race([running, once(socket, 'close')]);
}
