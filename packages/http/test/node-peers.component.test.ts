/** node:http and node:http2 on both sides of a proxy made of the codecs: each exchange must come through whole. */
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TransportBackend } from '../src/index.ts';
import { type ForwardingProxy, startForwarding } from './forwarding-proxy.ts';
import { type NodeClient, type NodeOrigin, nodeClient, nodeOrigin, pattern } from './node-peers.ts';

const sizes = [0, 1, 2, 1000, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000, 1_000_000, 5_000_000];

const chains = (['socket', 'handle'] as const).flatMap((backend) =>
  ([1, 2] as const).flatMap((front) =>
    ([1, 2] as const).map((back) => [backend, front, back] as [TransportBackend, 1 | 2, 1 | 2]),
  ),
);

describe.each(chains)('%s backend, HTTP/%i in, HTTP/%i out', (backend, front, back) => {
  let origin: NodeOrigin;
  let proxy: ForwardingProxy;
  let client: NodeClient;

  beforeAll(async () => {
    origin = await nodeOrigin(back);
    proxy = await startForwarding({ backend, upstreamPort: origin.port, upstreamMajor: back });
    client = nodeClient(front, proxy.port);
  });
  afterAll(async () => {
    client.close();
    await proxy.close();
    await origin.close();
  });

  it('a body of any size goes up and comes back', async () => {
    for (const size of sizes) {
      const body = pattern(size);
      const headers = { 'content-length': String(size) };
      const answer = await client.ask({ method: 'POST', path: '/echo', headers, body });
      expect([answer.status, answer.headers['x-method'], answer.body.length]).toEqual([200, 'POST', size]);
      expect(answer.headers['x-length'], 'its length is told').toBe(String(size));
      expect(answer.body.equals(body), `${size} bytes`).toBe(true);
    }
  });

  it('a body of unknown length goes up and comes back', async () => {
    for (const size of [1, 65_536, 2_000_000]) {
      const body = pattern(size);
      const headers: Record<string, string> = front === 1 ? { 'transfer-encoding': 'chunked' } : {};
      const answer = await client.ask({ method: 'PUT', path: '/echo', headers, body });
      expect([answer.headers['x-method'], answer.headers['x-length']]).toEqual(['PUT', 'none']);
      expect(answer.body.equals(body), `${size} bytes`).toBe(true);
    }
  });

  it('a body of any size comes down', async () => {
    for (const size of sizes) {
      const answer = await client.ask({ path: `/size/${size}` });
      expect([answer.status, answer.headers['content-length']]).toEqual([200, String(size)]);
      expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
      expect(answer.body.equals(pattern(size)), `${size} bytes`).toBe(true);
    }
  });

  it('trailers come through both ways', async () => {
    const up = await client.ask({
      method: 'POST',
      path: '/echo',
      headers: { te: 'trailers', ...(front === 1 && { 'transfer-encoding': 'chunked', connection: 'te' }) },
      body: Buffer.from('body'),
      trailers: { 'x-sum': '7' },
    });
    expect([up.body.toString(), up.trailers['x-sum']]).toEqual(['body', '7']);
    const down = await client.ask({ path: '/size/100000?trailers' });
    expect([down.body.length, down.trailers['x-sum']]).toEqual([100_000, '100000']);
  });

  it('fields come through in order, without those of the connection', async () => {
    const answer = await client.ask({
      method: 'GET',
      path: '/fields/a%20b?c=d&e',
      headers: { 'x-b': '1', 'x-a': ['2', '3'], cookie: 'a=1; b=2', accept: '*/*', host: 'a.test' },
    });
    const [method, path, raw] = JSON.parse(answer.body.toString()) as [string, string, string[]];
    expect([method, path]).toEqual(['GET', '/fields/a%20b?c=d&e']);
    const names = raw.filter((_, i) => i % 2 === 0).map((it) => it.toLowerCase());
    const values = (name: string) => raw.filter((_, i) => raw[i - 1]?.toLowerCase() === name && i % 2 === 1);
    expect([values('x-b'), values('x-a').join(', '), values('cookie')]).toEqual([
      ['1'],
      '2, 3',
      ['a=1; b=2'],
    ]);
    expect(values(back === 2 ? ':authority' : 'host').length).toBe(1);
    if (back === 2) expect(names).not.toContain('connection');
    expect(names).not.toContain('keep-alive');
  });

  it.each([
    ['GET', '/status/204', 204],
    ['GET', '/status/304', 304],
    ['HEAD', '/size/5000', 200],
    ['OPTIONS', '/status/200', 200],
    ['DELETE', '/status/404', 404],
  ])('%s %s has no body, and the connection goes on', async (method, path, status) => {
    const answer = await client.ask({ method, path });
    expect([answer.status, answer.body.length]).toEqual([status, 0]);
    if (method === 'HEAD') expect(answer.headers['content-length']).toBe('5000');
    expect((await client.ask({ path: '/size/3' })).body.length).toBe(3);
  });

  it('early hints come before the answer', async () => {
    const answer = await client.ask({ path: '/hints' });
    expect([answer.interims, answer.status, answer.body.toString()]).toEqual([[103], 200, 'ok']);
  });

  it('an answer that comes before the request has ended is delivered', async () => {
    const headers = { 'content-length': '3' };
    const answer = await client.ask({ method: 'POST', path: '/early', headers, body: Buffer.from('abc') });
    expect([answer.status, answer.body.toString()]).toEqual([413, 'too large']);
  });

  it('an answer that breaks off is not taken for whole', async () => {
    await expect(client.ask({ path: '/reset' })).rejects.toThrow();
    expect((await client.ask({ path: '/size/3' })).body.length, 'others go on').toBe(3);
  });

  it('200 exchanges at once', async () => {
    const asks = Array.from({ length: 200 }, async (_, i) => {
      const body = pattern(1000 * (i % 80));
      const headers = { 'content-length': String(body.length) };
      const answer = await client.ask({ method: 'POST', path: `/echo/${i}`, headers, body });
      expect(answer.body.equals(body), `exchange ${i}`).toBe(true);
    });
    await Promise.all(asks);
    await eventually(() => {
      for (const connection of proxy.forwarder.connections) expect(connection.activeStreams).toBe(0);
    });
  });

  it('nothing failed that should not have', () => {
    expect(proxy.forwarder.badRequests).toEqual([]);
    const broken = proxy.forwarder.failures.filter((it) => it.kind === 'protocol');
    expect(broken).toEqual([]);
  });
});
