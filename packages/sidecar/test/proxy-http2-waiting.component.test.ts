/** A stream that waits, for discovery or for a slow reader, beside others that must not. */
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OutboundLookup } from '../src/config/mesh-view.ts';
import { Cleanup } from './cleanup.ts';
import { connectHttp2, echo, fetch, startHttp2 } from './http2-peers.ts';
import { cluster, found, plainEndpoint, startPair } from './proxy-pair.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

describe.each(['socket', 'handle'] as const)('streams of HTTP/2 that wait, over %s transports', (backend) => {
  async function open(originPort: number) {
    const pair = await startPair({ backend, authority, cleanup }, originPort);
    return { ...pair, session: connectHttp2(cleanup, pair.client.proxy.outboundPort) };
  }

  it('holds a stream until discovery answers, with what comes of its body, and serves the others', async () => {
    const port = await startHttp2(cleanup, echo);
    const { session, client } = await open(port);
    const waiting: ((lookup: OutboundLookup) => void)[] = [];
    client.services.set('new.shop', { kind: 'pending', wait: (done) => void waiting.push(done) });
    const size = 100_000;
    const held = fetch(session, { ':method': 'POST', ':authority': 'new.shop' }, Buffer.alloc(size, 97));
    await eventually(() => expect(waiting).toHaveLength(1));
    expect(await fetch(session, { ':authority': 'server.shop' })).toMatchObject({ status: 200 });
    waiting[0]!(found(cluster('shop/new:80', [plainEndpoint(port)])));
    const answer = await held;
    expect([answer.status, answer.body.length]).toEqual([200, size]);
  });

  it('lets a slow reader of one stream delay neither the others nor memory', async () => {
    const size = 32 * 1024 * 1024;
    const port = await startHttp2(cleanup, (stream, headers) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200 });
      stream.end(headers[':path'] === '/big' ? Buffer.alloc(size, 120) : 'small');
    });
    const { session } = await open(port);
    const slow = session.request({ ':path': '/big', ':authority': 'server.shop' });
    slow.pause();
    await new Promise((resolve) => slow.once('response', resolve));
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) {
      const small = await fetch(session, { ':path': '/small', ':authority': 'server.shop' });
      expect(small).toMatchObject({
        body: 'small',
      });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(size);
    let bytes = 0;
    slow.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    slow.resume();
    await eventually(() => expect(bytes).toBe(size), { timeoutMs: 15_000 });
  });

  it('gives new requests another connection where slow readers crowd one', async () => {
    const port = await startHttp2(cleanup, (stream, headers) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200 });
      stream.end(headers[':path'] === '/big' ? Buffer.alloc(1024 * 1024, 120) : 'small');
    });
    const { session, client } = await open(port);
    const openConnections = () => (client.proxy.describe() as { pools: { open: number }[] }).pools[0]!.open;
    const slow = Array.from({ length: 40 }, () =>
      session.request({ ':path': '/big', ':authority': 'server.shop' }).pause(),
    );
    await Promise.all(slow.map((stream) => new Promise((resolve) => stream.once('response', resolve))));
    await eventually(async () => {
      const answer = await fetch(session, { ':path': '/small', ':authority': 'server.shop' });
      expect(answer).toMatchObject({ status: 200, body: 'small' });
      expect(openConnections()).toBeGreaterThan(1);
    });
    for (const stream of slow) stream.destroy();
  });
});
