import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from './src/agent/agent.ts';
import { Cluster } from './src/cluster.ts';
import type { Pod } from './src/pod.ts';
import { whyNoPods } from './src/requirements.ts';

const skipped = whyNoPods(['iptables-legacy'], process.env.CI === 'true');
const backends = ['iptables-nft', 'iptables-legacy', 'nft'] as const;
const listing = {
  'iptables-nft': ['sh', '-c', 'iptables-nft-save -t nat; ip6tables-nft-save -t nat'],
  'iptables-legacy': ['sh', '-c', 'iptables-legacy-save -t nat; ip6tables-legacy-save -t nat'],
  nft: ['sh', '-c', 'for f in ip ip6; do nft list table $f tulle; done'],
} as const;
const settings = ['--excluded-outbound-ports', '5432', '--excluded-outbound-cidrs', '10.88.0.0/16,fd88::/16'];

describe.skipIf(skipped !== null)(
  `the init program${skipped === null ? '' : ` (skipped: ${skipped})`}`,
  () => {
    let cluster: Cluster;
    let pod: Pod;
    let peer: Pod;
    let application: Agent;

    beforeAll(async () => {
      cluster = await Cluster.create();
      pod = await cluster.addPod('captured');
      peer = await cluster.addPod('peer');
      application = await pod.agent();
      const inPeer = await peer.agent();
      await inPeer.do('tcpEcho', { port: 7_007 });
    });

    afterEach(async () => {
      expect(await pod.init('--clean-up')).toMatchObject({ code: 0 });
    });

    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
    });

    /** Without counters, comments and handles, in which two listings of the same rules differ. */
    const rules = async (backend: (typeof backends)[number]) =>
      (await pod.namespace.run(listing[backend])).stdout.replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '');

    describe.each(backends)('with %s', (backend) => {
      const init = async (...args: readonly string[]) => {
        const { code, stdout, stderr } = await pod.init('--backend', backend, ...args);
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
        return stdout;
      };

      it('makes the same rules when it runs again, and replaces those of other settings', async () => {
        await init(...settings);
        const once = await rules(backend);
        await init(...settings);
        expect(await rules(backend)).toBe(once);
        await init('--excluded-outbound-ports', '3306');
        const others = await rules(backend);
        expect(others).toContain('3306');
        expect(others).not.toMatch(/5432|10\.88/);
      });

      it('makes what its dry run prints', async () => {
        const printed = await init('--dry-run', ...settings);
        await init(...settings);
        const made = await rules(backend);
        // Whoever feeds the print to the program by hand has the same rules.
        await init('--clean-up');
        const parts = backend === 'nft' ? printed.split(/^(?=\{)/m) : printed.split(/^# /m).slice(1);
        expect(parts).toHaveLength(2);
        for (const part of parts) {
          const [program = '', ...text] = part.split('\n');
          const command = backend === 'nft' ? ['nft', '-j', part] : program.split(' ');
          await pod.namespace.must(command, text.join('\n'));
        }
        expect(await rules(backend)).toBe(made);
      });

      it('takes away its own rules and no other', async () => {
        const ownTable = backend === 'nft' ? 'nft' : backend;
        const other =
          backend === 'nft' ? otherNftRules : [`${backend} -t nat -A OUTPUT -d 10.9.9.9 -j RETURN`];
        for (const command of other) await pod.namespace.must(command.split(' '));
        const list = ownTable === 'nft' ? ['nft', 'list', 'ruleset'] : listing[backend];
        const before = (await pod.namespace.must(list)).replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '');
        expect(before).toContain('10.9.9.9');
        await init(...settings);
        await init('--clean-up');
        const after = (await pod.namespace.must(list)).replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '');
        expect(withoutEmptyTables(after)).toBe(withoutEmptyTables(before));
        const undo = backend === 'nft' ? 'nft delete table ip other' : `${backend} -t nat -F OUTPUT`;
        await pod.namespace.must(undo.split(' '));
      });

      it('proves by its check that both families are captured', async () => {
        await init(...settings);
        const report = await init('--check', ...settings);
        expect(report).not.toMatch(/^(fault|skipped)/m);
        for (const family of ['IPv4', 'IPv6'])
          for (const what of ['rules', 'outbound', 'inbound', 'loopback'])
            expect(report).toMatch(new RegExp(`^ok +${family} ${what}`, 'm'));
      });
    });

    it('leaves one backend its rules when another is asked for', async () => {
      await pod.init('--backend', 'iptables-legacy');
      await pod.init('--backend', 'iptables-nft');
      expect(await rules('iptables-legacy')).not.toContain('TULLE');
      expect(await rules('iptables-nft')).toContain('TULLE_OUTBOUND');
      await pod.init('--backend', 'nft');
      expect(await rules('iptables-nft')).not.toContain('TULLE');
      expect(await rules('nft')).toContain('redirect to :15001');
    });

    it('leaves connections alone that stand already', async () => {
      const id = await application.do('openTcp', { host: peer.ipv4, port: 7_007 });
      expect(await application.do('exchangeTcp', { id, text: 'before' })).toBe('before');
      expect(await pod.init()).toMatchObject({ code: 0 });
      expect(await application.do('exchangeTcp', { id, text: 'after' })).toBe('after');
      // While a new one is captured, and nobody is there to take it.
      expect(await application.do('hear', { host: peer.ipv4, port: 7_007 })).toBe('ECONNREFUSED');
    });

    it('may not program netfilter without NET_ADMIN, and says what it needs', async () => {
      const drop = ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin'];
      const { code, stderr } = await pod.namespace.run([...drop, process.execPath, pod.initEntry]);
      expect(code).toBe(3);
      expect(stderr).toContain('run it as root with the capability NET_ADMIN');
    });

    describe('finds by its check', () => {
      const check = (...args: readonly string[]) => pod.init('--check', '--ipv6', 'off', ...args);

      it('that there are no rules', async () => {
        const { code, stdout } = await check();
        expect(code).toBe(1);
        expect(stdout).toMatch(/^fault +IPv4 rules: none of Tulle stand/m);
        expect(stdout).toMatch(/^fault +IPv4 outbound: 192\.0\.2\.1:80 was not captured/m);
        expect(stdout).toMatch(/^ +to do: run the init program/m);
      });

      it('that a family has no route, which is no fault of the rules', async () => {
        await pod.init();
        await pod.namespace.must(['ip', 'route', 'del', 'default']);
        const { code, stdout } = await check();
        await pod.namespace.must(['ip', 'route', 'add', 'default', 'via', '10.77.0.1']);
        expect(code).toBe(0);
        expect(stdout).toMatch(/^skipped +IPv4 outbound: 192\.0\.2\.1:80 has no route from here/m);
      });

      it('that the inbound entry is gone', async () => {
        await pod.init();
        await pod.namespace.must(['iptables-nft', '-t', 'nat', '-F', 'PREROUTING']);
        const { code, stdout } = await check();
        expect(code).toBe(1);
        expect(stdout).toMatch(/missing: -A PREROUTING .* -j TULLE_INBOUND/);
      });

      it('that rules of another program come first', async () => {
        await pod.init();
        const first = 'iptables-nft -t nat -I OUTPUT 1 -p tcp -d 192.0.2.1 -j REDIRECT --to-ports 7777';
        await pod.namespace.must(first.split(' '));
        const { code, stdout } = await check();
        await pod.namespace.must(first.replace('-I OUTPUT 1', '-D OUTPUT').split(' '));
        expect(code).toBe(1);
        expect(stdout).toMatch(/^fault +IPv4 outbound: 192\.0\.2\.1:80 was refused/m);
      });

      it('that the rules are those of other settings', async () => {
        await pod.init('--proxy-uid', '2000');
        const { code, stdout } = await check();
        expect(code).toBe(1);
        expect(stdout).toMatch(/missing: .*--uid-owner 1337[\s\S]*not ours to expect: .*--uid-owner 2000/);
      });

      it('that it runs as the sidecar, for whom nothing is captured', async () => {
        await pod.init();
        const command = [process.execPath, pod.initEntry, '--check', '--ipv6', 'off'];
        const { code, stdout } = await pod.run(command, { user: 'sidecar' });
        expect(code).toBe(1);
        expect(stdout).toMatch(/^fault .*runs as user 1337/m);
      });
    });

    it('checks beside a sidecar that has the ports, by whether it answers', async () => {
      const sidecar = await pod.agent('sidecar');
      await sidecar.do('originalDestinationListener', { side: 'outbound', port: 15_001 });
      await sidecar.do('originalDestinationListener', { side: 'inbound', port: 15_006 });
      await pod.init();
      const { code, stdout } = await pod.init('--check');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^ok +IPv4 inbound: .* was answered by who listens on port 15006 already/m);
    });
  },
);

const otherNftRules = [
  'nft add table ip other',
  'nft add chain ip other output { type nat hook output priority -100 ; }',
  'nft add rule ip other output ip daddr 10.9.9.9 return',
];

/** iptables-nft makes the base chains of a table that it needs, and they stay. */
function withoutEmptyTables(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(:|\*|COMMIT|$)/.test(line.trim()))
    .join('\n')
    .replaceAll(/table ip6? nat \{[^}]*\}[^}]*\}\s*\}\s*/g, '');
}
