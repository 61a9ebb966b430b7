import { join } from 'node:path';
import { eventually, metricSum, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from './src/agent/agent.ts';
import { PacketCapture } from './src/packet-capture.ts';
import { whyNoPods } from './src/requirements.ts';
import { app, openShop, outsideAddresses, ports, type Shop } from './src/shop.ts';

const skipped = whyNoPods(['tcpdump', 'curl'], process.env.CI === 'true');

describe.skipIf(skipped !== null)(
  `what captured pods reach, and who reaches them${skipped === null ? '' : ` (skipped: ${skipped})`}`,
  () => {
    let shop: Shop;
    let directory: TemporaryDirectory;
    let packets: PacketCapture;

    beforeAll(async () => {
      directory = await temporaryDirectory('netns-packets');
      shop = await openShop();
      packets = await PacketCapture.start(shop.mesh.cluster.node, join(directory.path, 'packets'));
    });

    afterAll(async () => {
      await packets?.stop();
      await shop?.[Symbol.asyncDispose]();
      await directory?.remove();
    });

    /** What an HTTP application says: who it is and what it got. */
    const ask = async (agent: Agent, host: string, port: number, body = 'hello') => {
      const [answer] = await agent.do('requestsKeptAlive', { host, port, bodies: [body] });
      return answer!.status === 200 ? (JSON.parse(answer!.body) as { name: string; body: string }) : answer!;
    };
    const onTheBridge = (family: 'ipv4' | 'ipv6') =>
      packets.between(shop.mesh.cluster.node, shop.client[family], shop.server[family]);

    it.each(['ipv4', 'ipv6'] as const)('a host outside the mesh, over %s', async (family) => {
      const host = outsideAddresses[family];
      expect(await ask(shop.inClient, host, 8_080)).toMatchObject({ name: 'outside', body: 'hello' });
      expect(await shop.inClient.do('hear', { host, port: ports.greeter })).toBe('greeting-of-outside');
    });

    it('no host outside the mesh where the mesh refuses those', async () => {
      const target = { host: outsideAddresses.ipv4, port: ports.greeter };
      await shop.mesh.setUnknownDestinations('Refuse');
      await eventually(async () => {
        expect(await shop.inClient.do('hear', target)).toMatch(/^(ECONNRESET|)$/);
      });
      expect(await ask(shop.inClient, app.ipv4, ports.http)).toMatchObject({ name: 'server' });
      await shop.mesh.setUnknownDestinations('Allow');
      await eventually(async () => {
        expect(await shop.inClient.do('hear', target)).toBe('greeting-of-outside');
      });
    });

    it.each(['ipv4', 'ipv6'] as const)('a pod by its address, over %s, by mutual TLS', async (family) => {
      const host = shop.server[family];
      const body = `by-address-over-${family}`;
      expect(await ask(shop.inClient, host, 8_080, body)).toMatchObject({ name: 'server', body });
      expect(await shop.inClient.do('hear', { host, port: ports.greeter })).toBe('greeting-of-server');
      const bytes = await eventually(async () => {
        const seen = await onTheBridge(family);
        expect(seen.length).toBeGreaterThan(2_000);
        return seen;
      });
      expect(bytes.includes(body)).toBe(false);
      expect(bytes.includes('greeting-of-server')).toBe(false);
    });

    it('a pod without a sidecar by its address', async () => {
      expect(await ask(shop.inClient, shop.plain.ipv4, 8_080)).toMatchObject({ name: 'plain' });
    });

    it('an excluded port, past the sidecars', async () => {
      const heard = await shop.inClient.do('hear', { host: app.ipv4, port: ports.excluded });
      expect(heard).toBe('excluded-of-server');
      await eventually(async () => {
        expect((await onTheBridge('ipv4')).includes('excluded-of-server')).toBe(true);
      });
    });

    it('by UDP, past the sidecars', async () => {
      const datagram = { host: shop.server.ipv4, port: ports.echo, text: 'datagram-in-plain' };
      expect(await shop.inClient.do('askByDatagram', datagram)).toBe('server heard datagram-in-plain');
      await eventually(async () => {
        expect((await onTheBridge('ipv4')).includes('datagram-in-plain')).toBe(true);
      });
    });

    it('its own application: by the pod, by loopback, and by the service that leads back to it', async () => {
      for (const host of [shop.server.ipv4, shop.server.ipv6, '127.0.0.1', '::1'])
        expect(await ask(shop.inServer, host, 8_080)).toMatchObject({ name: 'server' });
      for (const host of [app.ipv4, app.ipv6]) {
        expect(await ask(shop.inServer, host, ports.http)).toMatchObject({ name: 'server' });
        expect(await shop.inServer.do('hear', { host, port: ports.greeter })).toBe('greeting-of-server');
      }
    });

    it('not its own sidecar, as if it were a destination', async () => {
      for (const [host, port] of [
        ['127.0.0.1', 15_001],
        [shop.client.ipv4, 15_001],
        ['::1', 15_001],
      ] as const)
        expect(await shop.inClient.do('hear', { host, port })).toMatch(/^(ECONNRESET|ECONNREFUSED|)$/);
      const others = { host: shop.server.ipv4, port: 15_001 };
      expect(await shop.inPlain.do('hear', others)).toMatch(/^(ECONNRESET|)$/);
    });

    it('while the check of capture passes beside the sidecar', async () => {
      const excluded = `${ports.excluded}`;
      const settings = ['--excluded-outbound-ports', excluded, '--excluded-inbound-ports', excluded];
      const { code, stdout } = await shop.client.init('--check', ...settings);
      expect({ code, stdout }).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^ok +IPv6 outbound/m),
      });
    });

    it('and it is reached by a pod without a sidecar until the mode is STRICT', async () => {
      const stays = await shop.inClient.do('openTcp', { host: app.ipv4, port: ports.echo });
      expect(await shop.inClient.do('exchangeTcp', { id: stays, text: 'before' })).toBe('before');
      const toServer = { host: app.ipv4, port: ports.greeter };
      const toEcho = { host: app.ipv4, port: ports.echo, text: 'plain' };
      expect(await shop.inPlain.do('hear', toServer)).toBe('greeting-of-server');
      expect(await shop.inPlain.do('halfClosed', toEcho)).toBe('plain');
      expect(await ask(shop.inPlain, app.ipv4, ports.http)).toMatchObject({ name: 'server' });

      await shop.mesh.setMtlsMode('STRICT');
      await eventually(async () => {
        await expect(shop.inPlain.do('halfClosed', toEcho)).rejects.toThrow('ECONNRESET');
      });
      await expect(ask(shop.inPlain, app.ipv4, ports.http)).rejects.toThrow(/hang up|ECONNRESET/);
      expect(await ask(shop.inClient, app.ipv4, ports.http)).toMatchObject({ name: 'server' });
      expect(await shop.inClient.do('hear', toServer)).toBe('greeting-of-server');
      // It stays legal, so it stays.
      expect(await shop.inClient.do('exchangeTcp', { id: stays, text: 'after' })).toBe('after');
      const refused = { reason: 'mtls_required' };
      const metrics = await shop.mesh.metrics(shop.server);
      expect(metricSum(metrics, 'tulle_connections_refused_total', refused)).toBeGreaterThan(0);

      await shop.mesh.setMtlsMode('PERMISSIVE');
      await eventually(async () => {
        expect(await shop.inPlain.do('halfClosed', toEcho)).toBe('plain');
      });
      expect(await shop.inPlain.do('hear', toServer)).toBe('greeting-of-server');
    });
  },
);
