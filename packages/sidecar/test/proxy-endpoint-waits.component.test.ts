import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { UpstreamEndpoint } from '../src/config/mesh-view.ts';
import { Cleanup } from './cleanup.ts';
import {
  cluster,
  found,
  meshEndpoint,
  plainEndpoint,
  startApplication,
  startPair,
  type TestSidecar,
} from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

/** Nothing listens there. */
const dead = 9;
const timeouts = { endpointWaitMs: 10_000 };

describe.each(['socket', 'handle'] as const)(
  'a service that loses its last endpoint, over %s transports',
  (backend) => {
    async function open(waitMs = timeouts.endpointWaitMs) {
      const asked: string[] = [];
      const port = await startApplication(cleanup, (incoming, response) => {
        let body = '';
        incoming.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        incoming.on('end', () => {
          asked.push(`${incoming.method} ${body}`);
          response.end('the answer\n');
        });
      });
      const pair = await startPair(
        { backend, authority, cleanup, timeouts: { endpointWaitMs: waitMs } },
        port,
      );
      const well = meshEndpoint(port, pair.server.proxy.inboundPort);
      const shop = cluster('shop/one:80', [well]);
      pair.client.services.set('one.shop', found(shop));
      const send = (body: string) => {
        const tcp = new RawClient(pair.client.proxy.outboundPort, cleanup);
        tcp.send(`POST / HTTP/1.1\r\nHost: one.shop\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        return tcp;
      };
      /** The cluster has been used, as it has before a rollout. */
      await send('first').until('the answer');
      const waits = (result: string) => pair.client.sum('tulle_endpoint_waits_total', [`result="${result}"`]);
      return { ...pair, asked, shop, well, send, waits };
    }

    const cases: [what: string, gone: (sidecar: TestSidecar) => readonly UpstreamEndpoint[]][] = [
      ['there is none', () => []],
      ['its sidecar takes no connections', () => [meshEndpoint(dead, dead)]],
      ['its application takes no connections', ({ proxy }) => [meshEndpoint(dead, proxy.inboundPort)]],
      ['it is outside of the mesh, and takes no connections', () => [plainEndpoint(dead)]],
    ];
    it.each(cases)('has its requests wait for the next one, where %s', async (_, gone) => {
      const { server, shop, well, send, asked, waits, client } = await open();
      server.inboundPorts.add(dead);
      shop.endpoints = gone(server);
      const one = send('one');
      const two = send('two');
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ waiting: 2 }));
      shop.endpoints = [well];
      for (const tcp of [one, two]) expect(await tcp.until('the answer')).toMatch(/^HTTP\/1\.1 200/);
      expect(asked.sort()).toEqual(['POST first', 'POST one', 'POST two']);
      expect(waits('found')).toBe(2);
      expect(client.proxy.describe()).toMatchObject({ waiting: 0 });
    });

    it('answers what happened, where none has come in time', async () => {
      const { shop, send, asked, waits } = await open(300);
      shop.endpoints = [meshEndpoint(dead, dead)];
      const answer = await send('one').until('x-tulle-reason: connect_failed');
      expect(answer).toMatch(/^HTTP\/1\.1 502/);
      shop.endpoints = [];
      expect(await send('two').until('x-tulle-reason: no_endpoint')).toMatch(/^HTTP\/1\.1 503/);
      expect(asked).toEqual(['POST first']);
      expect(waits('in_vain')).toBe(2);
    });

    it('sends all of a body that came in the meantime', async () => {
      const { shop, well, asked, client } = await open();
      shop.endpoints = [meshEndpoint(dead, dead)];
      const tcp = new RawClient(client.proxy.outboundPort, cleanup);
      tcp.send('POST / HTTP/1.1\r\nHost: one.shop\r\ncontent-length: 6\r\n\r\none');
      await eventually(() => expect(client.proxy.describe()).toMatchObject({ waiting: 1 }));
      tcp.send('two');
      shop.endpoints = [well];
      await tcp.until('the answer');
      expect(asked).toEqual(['POST first', 'POST onetwo']);
    });
  },
);
