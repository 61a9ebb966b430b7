import { createLogger } from '@tulle/runtime';
import { expect, test } from 'vitest';
import type { RunCommand } from './run-command.ts';
import { runInit } from './run-init.ts';

const rootStatus = 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
const addressRow = 'fd000000000000000000000000000009 02 40 00 82     eth0\n';
const linkLocalRow = 'fe800000000000000000000000000009 02 40 20 80     eth0\n';

/** A machine on which these programs succeed, with these answers, and no other is installed. */
function machine(options: {
  readonly programs: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly answers?: Readonly<Record<string, string>>;
  readonly failing?: Readonly<Record<string, string>>;
}) {
  const { programs, files = {}, answers = {}, failing = {} } = options;
  const inputs: string[] = [];
  const run: RunCommand = async (program, args, input) => {
    const base = program.replace(/-(save|restore)$/, '');
    if (!programs.includes(base)) return { code: null, stdout: '', stderr: `spawn ${program} ENOENT` };
    const said = failing[program];
    if (said !== undefined && args[0] !== '--version') return { code: 4, stdout: '', stderr: said };
    if (program.endsWith('-restore')) inputs.push(`${program}: ${input}`);
    if (program === 'nft' && args[1]?.startsWith('{')) inputs.push(`nft: ${args[1]}`);
    return { code: 0, stdout: answers[`${program} ${args[0]}`] ?? answers[program] ?? '', stderr: '' };
  };
  return { inputs, run, readText: (path: string) => files[path] ?? null };
}

async function init(argv: readonly string[], on: ReturnType<typeof machine>, env = {}) {
  let printed = '';
  const log: { msg: string; [field: string]: unknown }[] = [];
  const code = await runInit({
    argv,
    env,
    run: on.run,
    readText: on.readText,
    user: { uid: 0, gid: 0 },
    print: (text) => {
      printed += text;
    },
    logger: createLogger({ level: 'info', write: (line) => log.push(JSON.parse(line)) }),
  });
  return { code, printed, log };
}

const asRoot = { '/proc/self/status': rootStatus };
const iptables = ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy'];

test('the rules of both families are made where the pod has IPv6', async () => {
  const on = machine({ programs: iptables, files: { ...asRoot, '/proc/net/if_inet6': addressRow } });
  expect((await init([], on)).code).toBe(0);
  expect(on.inputs.map((input) => input.split(':')[0])).toEqual([
    'iptables-nft-restore',
    'ip6tables-nft-restore',
  ]);
});

test('IPv6 is left out, with a line, where there are but link-local addresses', async () => {
  const on = machine({ programs: iptables, files: { ...asRoot, '/proc/net/if_inet6': linkLocalRow } });
  const { code, log } = await init([], on);
  expect(code).toBe(0);
  expect(log[0]?.msg).toBe('left out IPv6: this namespace has no IPv6 address but link-local ones');
  expect(on.inputs).toHaveLength(1);
});

test('without NET_ADMIN nothing is tried', async () => {
  const files = { '/proc/self/status': 'CapEff:\t00000000a80425fb\n'.replace('a80425fb', '00000400') };
  const on = machine({ programs: iptables, files });
  const { code, log } = await init([], on);
  expect(code).toBe(3);
  expect(log[0]).toMatchObject({ level: 'error', msg: 'not permitted to program netfilter' });
  expect(on.inputs).toEqual([]);
});

test('faults of arguments and settings are told together', async () => {
  const on = machine({ programs: iptables, files: asRoot });
  const { code, log } = await init(['--nonsense', '--proxy-uid', 'x'], on, { TULLE_INBOUND_PORT: 'y' });
  expect(code).toBe(2);
  const faults = String(log[0]?.faults);
  expect(faults).toMatch(/--nonsense: .*TULLE_INBOUND_PORT: .*TULLE_PROXY_UID: /);
});

test('legacy is chosen where others have rules there', async () => {
  const on = machine({
    programs: iptables,
    files: { ...asRoot, '/proc/net/ip_tables_names': 'filter\nnat\n' },
    answers: { 'iptables-legacy-save': '-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT\n' },
  });
  await init([], on);
  expect(on.inputs[0]).toMatch(/^iptables-legacy-restore/);
});

test('legacy is chosen where the kernel has no nf_tables', async () => {
  const failing = { 'iptables-nft-save': 'Could not fetch rule set generation id' };
  const on = machine({ programs: iptables, files: asRoot, failing });
  await init([], on);
  expect(on.inputs[0]).toMatch(/^iptables-legacy-restore/);
});

test('a plain iptables is taken for what its version says', async () => {
  const programs = ['iptables', 'ip6tables'];
  const answers = { 'iptables --version': 'iptables v1.8.11 (nf_tables)' };
  const on = machine({ programs, files: asRoot, answers });
  const { log } = await init([], on);
  expect(log.at(-1)).toMatchObject({ msg: 'capturing', backend: 'iptables-nft' });
  expect(on.inputs[0]).toMatch(/^iptables-restore/);
});

test('nft serves where there is no iptables', async () => {
  const on = machine({
    programs: ['nft'],
    files: asRoot,
    answers: { 'nft -j': '{"nftables":[{"metainfo":{}}]}' },
  });
  const { log } = await init([], on);
  expect(log.at(-1)).toMatchObject({ msg: 'capturing', backend: 'nft' });
  expect(on.inputs[0]).toMatch(/^nft: \{"nftables":/);
});

test.each([
  ['nothing is installed', [], { programs: [] }, 'neither iptables nor nft is installed'],
  ['the named backend is absent', ['--backend', 'nft'], { programs: iptables }, 'nft is not installed'],
  [
    'ip6tables is absent',
    ['--ipv6', 'on'],
    { programs: ['iptables-nft'] },
    /ip6tables-nft.*TULLE_CAPTURE_IPV6=off/,
  ],
])('where %s it says so', async (_case, argv, options, reason) => {
  const { code, log } = await init(argv, machine({ ...options, files: asRoot }));
  expect(code).toBe(1);
  expect(log.at(-1)).toMatchObject({
    msg: 'netfilter was not programmed',
    reason: expect.stringMatching(reason),
  });
});

test('rules of another backend are removed once new ones stand', async () => {
  const on = machine({
    programs: iptables,
    files: { ...asRoot, '/proc/net/ip_tables_names': 'nat\n' },
    answers: { 'iptables-legacy-save': ':TULLE_OUTBOUND - [0:0]\n-A OUTPUT -j TULLE_OUTBOUND\n' },
  });
  await init(['--backend', 'iptables-nft'], on);
  expect(on.inputs.map((input) => input.split(':')[0])).toEqual([
    'iptables-nft-restore',
    'iptables-legacy-restore',
  ]);
  expect(on.inputs[1]).toContain('-X TULLE_OUTBOUND');
});

test('a dry run prints the rules without any privilege, and changes nothing', async () => {
  const on = machine({ programs: iptables });
  const { code, printed } = await init(['--dry-run', '--ipv6', 'on'], on);
  expect(code).toBe(0);
  expect(printed).toMatch(
    /^# iptables-nft-restore --noflush\n\*nat\n[\s\S]*# ip6tables-nft-restore[\s\S]*COMMIT\n$/,
  );
  expect(on.inputs).toEqual([]);
});

test('help names the exit codes', async () => {
  const { code, printed } = await init(['--help'], machine({ programs: [] }));
  expect(code).toBe(0);
  expect(printed).toContain('Exit codes: 0 done, 1 failed');
});
