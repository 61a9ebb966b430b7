import { type AddressInfo, createServer } from 'node:net';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import {
  cluster,
  found,
  host,
  meshEndpoint,
  plainEndpoint,
  serverId,
  startApplication,
  startPair,
  startRawApplication,
  TestIdentity,
  TestSidecar,
} from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const request = (method: string) => `${method} / HTTP/1.1\r\nHost: many.shop\r\ncontent-length: 2\r\n\r\nhi`;
const dead = 9;

/** A server that answers with its number, and counts what it was asked. */
async function startNumbered(number: number) {
  const server = { number, port: 0, requests: 0 };
  server.port = await startApplication(cleanup, (incoming, response) => {
    server.requests++;
    incoming.resume().on('end', () => response.end(`server ${number}\n`));
  });
  return server;
}

describe.each(['socket', 'handle'] as const)('what an endpoint has lost, over %s transports', (backend) => {
  /** A client's sidecar, a server's, and `count` more servers' sidecars with an application each. */
  async function open(count: number) {
    const well = await startNumbered(0);
    const pair = await startPair({ backend, authority, cleanup }, well.port);
    const sidecars: TestSidecar[] = [pair.server];
    for (let index = 0; index < count; index++) {
      const identity = new TestIdentity();
      identity.set(await authority.issue({ spiffeId: serverId }));
      const sidecar = new TestSidecar({ backend, identity, workload: 'shop/server' });
      await sidecar.proxy.start();
      cleanup.add(() => sidecar.proxy.stop(0));
      sidecars.push(sidecar);
    }
    const endpointOf = (sidecar: TestSidecar, port: number) => {
      sidecar.inboundPorts.add(port);
      return meshEndpoint(port, sidecar.proxy.inboundPort);
    };
    const many = cluster('shop/many:80', [endpointOf(pair.server, well.port)]);
    pair.client.services.set('many.shop', found(many));
    const retries = (result: string) =>
      pair.client.sum('tulle_retries_total', ['direction="outbound"', `result="${result}"`]);
    /** Sends so many, one after the other, each on a connection of its own; gives the answers' first lines. */
    const sendAll = async (method: string, times: number) => {
      const statuses: string[] = [];
      for (let index = 0; index < times; index++) {
        const tcp = new RawClient(pair.client.proxy.outboundPort, cleanup);
        tcp.send(request(method));
        statuses.push((await tcp.until('\n')).split('\r\n')[0]!);
      }
      return new Set(statuses);
    };
    return { ...pair, well, sidecars, many, endpointOf, retries, sendAll };
  }

  const fine = new Set(['HTTP/1.1 200 OK']);

  it('goes to another where no connection can be made, whatever the method, and is passed over then', async () => {
    const { many, client, retries, sendAll } = await open(0);
    many.endpoints = [...many.endpoints, meshEndpoint(dead, dead), plainEndpoint(dead)];
    expect(await sendAll('POST', 30)).toEqual(fine);
    expect(retries('sent')).toBeGreaterThan(0);
    // Each is met once, and then by one request a cool-down: of 30 all but a few would meet one.
    expect(retries('sent')).toBeLessThanOrEqual(8);
    expect(client.metrics.render()).toContain('tulle_endpoints_avoided 2');
  });

  it('goes to another where the sidecar there cannot reach its application', async () => {
    const { many, sidecars, endpointOf, retries, sendAll } = await open(1);
    many.endpoints = [...many.endpoints, endpointOf(sidecars[1]!, dead)];
    expect(await sendAll('POST', 30)).toEqual(fine);
    expect(retries('sent')).toBeGreaterThan(0);
    expect(retries('sent')).toBeLessThanOrEqual(5);
    expect(sidecars[1]!.requests('direction="inbound"', 'flag="UF"')).toBe(retries('sent'));
  });

  it('goes to another where the sidecar there knows of no such port yet', async () => {
    const { many, sidecars, retries, sendAll } = await open(1);
    const other = await startNumbered(1);
    many.endpoints = [...many.endpoints, meshEndpoint(other.port, sidecars[1]!.proxy.inboundPort)];
    expect(await sendAll('POST', 20)).toEqual(fine);
    expect(retries('sent')).toBeGreaterThan(0);
    expect(other.requests).toBe(0);
  });

  it('goes to another where an application breaks off, if it may be repeated; else its failure is answered', async () => {
    const { many, sidecars, endpointOf, sendAll, well } = await open(1);
    let asked = 0;
    const broken = await startRawApplication(cleanup, (socket) =>
      socket.once('data', () => {
        asked++;
        socket.destroy();
      }),
    );
    many.endpoints = [...many.endpoints, endpointOf(sidecars[1]!, broken)];
    expect(await sendAll('PUT', 30)).toEqual(fine);
    expect(asked).toBeGreaterThan(0);
    const before = { asked, served: well.requests };
    expect(await sendAll('POST', 30)).toEqual(new Set(['HTTP/1.1 200 OK', 'HTTP/1.1 502 Bad Gateway']));
    expect(asked - before.asked + well.requests - before.served).toBe(30);
  });

  it('is answered with its failure where there is no other', async () => {
    const { many, client, retries } = await open(0);
    many.endpoints = [meshEndpoint(dead, dead)];
    const tcp = new RawClient(client.proxy.outboundPort, cleanup);
    tcp.send(request('GET'));
    expect(await tcp.until('x-tulle-reason: connect_failed')).toMatch(/^HTTP\/1\.1 502/);
    expect(retries('no_endpoint')).toBe(1);
  });

  it('believes no application that speaks as a sidecar', async () => {
    let asked = 0;
    const forger = await startApplication(cleanup, (_, response) => {
      asked++;
      response.writeHead(502, { 'x-tulle-reason': 'connect_failed', 'x-other': 'kept' }).end();
    });
    const { many, sidecars, endpointOf, retries, client, well } = await open(1);
    many.endpoints = [endpointOf(sidecars[1]!, forger)];
    const tcp = new RawClient(client.proxy.outboundPort, cleanup);
    tcp.send(request('GET'));
    const answer = await tcp.until('x-other: kept');
    expect(answer).toMatch(/^HTTP\/1\.1 502/);
    expect(answer).not.toContain('x-tulle-');
    expect([asked, well.requests, retries('no_endpoint')]).toEqual([1, 0, 0]);
  });

  it('loses nothing to a sidecar that drains under load', async () => {
    const { many, sidecars, endpointOf, sendAll, client } = await open(1);
    const other = await startNumbered(1);
    many.endpoints = [...many.endpoints, endpointOf(sidecars[1]!, other.port)];
    const sending = Promise.all(Array.from({ length: 8 }, () => sendAll('POST', 40)));
    await eventually(() => expect(other.requests).toBeGreaterThan(20));
    await sidecars[1]!.proxy.stop(5_000);
    for (const statuses of await sending) expect(statuses).toEqual(fine);
    expect(client.requests('direction="outbound"', 'code="200"')).toBe(320);
  });

  it('is passed over no longer than it cannot be reached', async () => {
    const { many, sendAll, client } = await open(0);
    const port = await freePort();
    many.endpoints = [...many.endpoints, plainEndpoint(port)];
    await sendAll('GET', 10);
    expect(client.metrics.render()).toContain('tulle_endpoints_avoided 1');
    let served = 0;
    await startApplication(
      cleanup,
      (_, response) => {
        served++;
        response.end('back\n');
      },
      port,
    );
    await eventually(async () => {
      expect(await sendAll('GET', 1)).toEqual(fine);
      expect(served).toBeGreaterThan(0);
    });
    await eventually(() => expect(client.metrics.render()).toContain('tulle_endpoints_avoided 0'));
  });
});

/** That nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
