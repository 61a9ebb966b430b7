import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from './src/agent/agent.ts';
import { Cluster } from './src/cluster.ts';
import type { Pod } from './src/pod.ts';
import { whyNoPods } from './src/requirements.ts';

const skipped = whyNoPods(['iptables-legacy'], process.env.CI === 'true');
const backends = ['iptables-nft', 'iptables-legacy', 'nft'] as const;
const settings = [
  ['--excluded-inbound-ports', '9100'],
  ['--excluded-outbound-ports', '5432'],
  ['--excluded-outbound-cidrs', '10.88.0.0/16,fd88::/16'],
].flat();
const virtualIps = { 4: '10.96.0.10', 6: 'fd96::10' } as const;
const excluded = { 4: '10.88.0.1', 6: 'fd88::1' } as const;
const loopback = { 4: '127.0.0.1', 6: '::1' } as const;

describe.skipIf(skipped !== null)(
  `what capture rules capture${skipped === null ? '' : ` (skipped: ${skipped})`}`,
  () => {
    let cluster: Cluster;
    /** It is captured; `peer` and what is outside are not. */
    let pod: Pod;
    let peer: Pod;
    let application: Agent;
    let sidecar: Agent;
    let peerApplication: Agent;
    const address = (of: Pod, family: 4 | 6) => (family === 4 ? of.ipv4 : of.ipv6);

    beforeAll(async () => {
      cluster = await Cluster.create();
      pod = await cluster.addPod('captured');
      peer = await cluster.addPod('peer');
      const outside = await cluster.addPod('outside', { ipv4: excluded[4], ipv6: excluded[6] });
      const [inOutside, ...agents] = await Promise.all([
        outside.agent(),
        pod.agent('application'),
        pod.agent('sidecar'),
        peer.agent(),
      ]);
      [application, sidecar, peerApplication] = agents;
      for (const port of [8_080, 5_432]) await peerApplication.do('greeter', { port, line: 'peer' });
      for (const host of ['0.0.0.0', '::'])
        await peerApplication.do('udpEcho', { host, port: 8_080, line: 'peer heard' });
      for (const port of [8_080, 9_100]) await application.do('greeter', { port, line: 'own' });
      await inOutside.do('greeter', { port: 8_080, line: 'outside' });
      const virtualIp = (family: 4 | 6) => {
        const endpoints = [{ address: address(peer, family), port: 8_080 }];
        return { address: virtualIps[family], port: 80, endpoints };
      };
      await cluster.addVirtualIps([virtualIp(4), virtualIp(6)]);
      await sidecar.do('originalDestinationListener', { side: 'outbound', port: 15_001 });
      await sidecar.do('originalDestinationListener', { side: 'inbound', port: 15_006 });
    });

    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
    });

    describe.each(backends)('by %s', (backend) => {
      beforeAll(async () => {
        expect(await pod.init('--backend', backend, ...settings)).toMatchObject({ code: 0 });
      });

      describe.each([4, 6] as const)('of IPv%i', (family) => {
        it('what the application sends to a virtual IP or a pod, with its destination', async () => {
          const vip = { host: virtualIps[family], port: 80 };
          expect(await application.do('hear', vip)).toBe(`outbound ${vip.host} 80`);
          const host = address(peer, family);
          expect(await application.do('hear', { host, port: 8_080 })).toBe(`outbound ${host} 8080`);
          // DNS over TCP is no exception.
          expect(await application.do('hear', { host, port: 53 })).toBe(`outbound ${host} 53`);
        });

        it('not what goes to an excluded port or block', async () => {
          const host = address(peer, family);
          expect(await application.do('hear', { host, port: 5_432 })).toBe('peer');
          expect(await application.do('hear', { host: excluded[family], port: 8_080 })).toBe('outside');
        });

        it('not what stays within the pod', async () => {
          expect(await application.do('hear', { host: loopback[family], port: 8_080 })).toBe('own');
          expect(await application.do('hear', { host: address(pod, family), port: 8_080 })).toBe('own');
        });

        it('not what the sidecar sends, to others and to its own application', async () => {
          expect(await sidecar.do('hear', { host: virtualIps[family], port: 80 })).toBe('peer');
          expect(await sidecar.do('hear', { host: address(pod, family), port: 8_080 })).toBe('own');
          expect(await sidecar.do('hear', { host: loopback[family], port: 8_080 })).toBe('own');
        });

        it('not UDP', async () => {
          const target = { host: address(peer, family), port: 8_080, text: 'ping' };
          expect(await application.do('askByDatagram', target)).toBe('peer heard ping');
        });

        it('what comes in, with its port, also where the application listens on none', async () => {
          const host = address(pod, family);
          expect(await peerApplication.do('hear', { host, port: 8_080 })).toBe(`inbound ${host} 8080`);
          expect(await peerApplication.do('hear', { host, port: 7 })).toBe(`inbound ${host} 7`);
          // The sidecar's outbound port is out of others' reach.
          expect(await peerApplication.do('hear', { host, port: 15_001 })).toBe(`inbound ${host} 15001`);
        });

        it('not what comes in to an excluded port, or to one of the sidecar', async () => {
          const host = address(pod, family);
          expect(await peerApplication.do('hear', { host, port: 9_100 })).toBe('own');
          expect(await peerApplication.do('hear', { host, port: 15_020 })).toBe('ECONNREFUSED');
          expect(await peerApplication.do('hear', { host, port: 15_006 })).toBe(`inbound ${host} 15006`);
        });
      });
    });
  },
);
