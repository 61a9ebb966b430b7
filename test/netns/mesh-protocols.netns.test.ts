import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, metricSum, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PacketCapture } from './src/packet-capture.ts';
import { whyNoPods } from './src/requirements.ts';
import { app, legacy, openShop, ports, type Shop } from './src/shop.ts';

const programs = ['tcpdump', 'curl', 'redis-server', 'redis-cli', 'mariadbd', 'mariadb'] as const;
const skipped = whyNoPods(programs, process.env.CI === 'true');
/** In everything that is sent, so that a capture of the bridge shows whether it went in plain. */
const marker = 'marker-of-what-is-sent';
const families = [
  ['IPv4', app.ipv4, legacy.ipv4],
  ['IPv6', app.ipv6, legacy.ipv6],
] as const;

describe.skipIf(skipped !== null)(
  `captured pods speak through the mesh${skipped === null ? '' : ` (skipped: ${skipped})`}`,
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

    describe.each(families)('over %s', (_family, vip, legacyVip) => {
      it('HTTP/1.1, kept alive', async () => {
        const bodies = ['one', 'two', 'three'].map((word) => `${marker} ${word}`);
        const answers = await shop.inClient.do('requestsKeptAlive', { host: vip, port: ports.http, bodies });
        expect(
          answers.map(({ status, body }) => [status, JSON.parse(body).name, JSON.parse(body).body]),
        ).toEqual(bodies.map((body) => [200, 'server', body]));
        expect(new Set(answers.map(({ localPort }) => localPort)).size).toBe(1);
      });

      it('HTTP/2, by prior knowledge', async () => {
        const bodies = Array.from({ length: 20 }, (_, i) => `${marker} ${i}`);
        const answers = await shop.inClient.do('http2Requests', { host: vip, port: ports.http2, bodies });
        expect(answers.map((answer) => JSON.parse(answer))).toEqual(
          bodies.map((body) => ({ name: 'server', body })),
        );
      });

      it('gRPC, streaming too, by grpc-js', async () => {
        const answers = await shop.inClient.do('grpcCalls', { host: vip, port: ports.grpc, text: marker });
        expect(answers).toEqual({
          unary: marker,
          collected: '10000',
          expanded: 50,
          chat: [marker, 'b', 'c'],
        });
      });

      it('a TLS application, whose certificate its client sees', async () => {
        const answer = await shop.inClient.do('tlsExchange', {
          host: vip,
          port: ports.tls,
          text: marker,
          ...shop.tls,
        });
        expect(answer).toBe(`server over TLSv1.3: ${marker}`);
      });

      it('raw TCP with half-close', async () => {
        const text = marker.repeat(20_000);
        const heard = await shop.inClient.do('halfClosed', { host: vip, port: ports.echo, text });
        expect(heard === text).toBe(true);
      });

      it('a server that speaks first, of which nobody said so', async () => {
        const heard = await shop.inClient.do('hear', { host: vip, port: ports.greeter });
        expect(heard).toBe('greeting-of-server');
      });

      it('curl, which sees nothing but the application', async () => {
        const host = vip.includes(':') ? `[${vip}]` : vip;
        const { code, stdout } = await shop.client.run([
          'curl',
          '-sS',
          '-m',
          '10',
          '-d',
          marker,
          `http://${host}/`,
        ]);
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({ name: 'server', body: marker });
      });

      it('a service without a sidecar, in plain', async () => {
        const target = { host: legacyVip, port: 80, bodies: [marker] };
        const [answer] = await shop.inClient.do('requestsKeptAlive', target);
        expect(JSON.parse(answer!.body)).toMatchObject({ name: 'plain', body: marker });
      });
    });

    it('WebSocket', async () => {
      const texts = [marker, 'two', 'three'];
      const heard = await shop.inClient.do('webSocketTexts', { host: app.ipv4, port: ports.http, texts });
      expect(heard).toEqual(texts);
    });

    it('a database whose server speaks first: MariaDB', async () => {
      const data = await directoryFor(directory, 'mariadb');
      const options = [
        `--datadir=${data}`,
        `--socket=${data}/socket`,
        '--skip-grant-tables',
        '--bind-address=*',
      ];
      const small = ['--innodb-buffer-pool-size=8M', '--innodb-log-file-size=4M', '--user=root'];
      const server = await shop.server.startProgram(
        ['mariadbd', '--no-defaults', ...options, ...small],
        'root',
      );
      const query = ['-N', '-e', `select concat('${marker}', ' is ', 6 * 7)`];
      const login = ['mariadb', '--no-defaults', '--skip-ssl', '-u', 'app', '-P', `${ports.mysql}`, '-h'];
      await eventually(
        () => {
          if (!server.lastLines().includes('ready for connections')) throw new Error(server.lastLines());
        },
        { timeoutMs: 30_000, intervalMs: 100 },
      );
      for (const host of [app.ipv4, app.ipv6]) {
        const { stdout, stderr } = await shop.client.run([...login, host, ...query]);
        expect({ stdout, stderr }).toEqual({ stdout: `${marker} is 42\n`, stderr: '' });
      }
    });

    it('a binary protocol: Redis', async () => {
      const options = [
        '--port',
        `${ports.redis}`,
        '--bind',
        '*',
        '-::*',
        '--protected-mode',
        'no',
        '--save',
        '',
      ];
      const server = await shop.server.startProgram(['redis-server', ...options], 'application');
      await eventually(
        () => {
          if (!server.lastLines().includes('Ready to accept')) throw new Error(server.lastLines());
        },
        { timeoutMs: 20_000, intervalMs: 50 },
      );
      const redis = (...args: readonly string[]) =>
        shop.client.run(['redis-cli', '-h', app.ipv4, '-p', `${ports.redis}`, ...args]);
      expect(await redis('set', 'key', marker)).toMatchObject({ code: 0, stdout: 'OK\n' });
      expect(await redis('get', 'key')).toMatchObject({ code: 0, stdout: `${marker}\n` });
    });

    it('and all of it is mutual TLS by what the sidecars count', async () => {
      const text = await shop.mesh.metrics(shop.client);
      const requests = (labels: Record<string, string>) =>
        metricSum(text, 'tulle_requests_total', { direction: 'outbound', ...labels });
      expect(requests({ destination_service: 'shop/app:80', security: 'mtls', code: '200' })).toBeGreaterThan(
        0,
      );
      expect(requests({ destination_service: 'shop/app:80', security: 'plain' })).toBe(0);
      expect(
        requests({ destination_service: 'shop/legacy:80', security: 'plain', code: '200' }),
      ).toBeGreaterThan(0);
    });

    it('so that the bridge shows nothing of it in plain, but what went to the pod without a sidecar', async () => {
      const { node } = shop.mesh.cluster;
      const { client, server, plain } = shop;
      for (const family of ['ipv4', 'ipv6'] as const) {
        await eventually(async () => {
          const toPlain = await packets.between(node, client[family], plain[family]);
          expect(toPlain.includes(marker)).toBe(true);
        });
        const toServer = await packets.between(node, client[family], server[family]);
        expect(toServer.length).toBeGreaterThan(100_000);
        expect(toServer.includes(marker)).toBe(false);
        expect(toServer.includes('greeting-of-server')).toBe(false);
      }
    });
  },
);

async function directoryFor(directory: TemporaryDirectory, name: string): Promise<string> {
  const path = join(directory.path, name);
  await mkdir(path);
  return path;
}
