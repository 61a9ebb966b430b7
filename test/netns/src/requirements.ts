import { spawnSync } from 'node:child_process';
import { platform } from 'node:process';

/** Programs that pods and their applications are made of, with Debian's package of each. */
const packages = {
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  'iptables-nft': 'iptables',
  'iptables-legacy': 'iptables',
  nft: 'nftables',
  tcpdump: 'tcpdump',
  curl: 'curl',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  mariadbd: 'mariadb-server-core',
  mariadb: 'mariadb-client-core',
} as const;

export type Program = keyof typeof packages;

const always: readonly Program[] = ['ip', 'unshare', 'nsenter', 'setpriv', 'iptables-nft', 'nft'];

/**
 * Null where pods can be made here and have these programs, which are installed where this may. Else why the
 * tests are skipped. On CI they never are: what is missing fails there.
 */
export function whyNoPods(programs: readonly Program[], isCi: boolean): string | null {
  const reason = missing([...always, ...programs]);
  if (reason !== null && isCi) throw new Error(`test/netns must not be skipped on CI: ${reason}`);
  return reason;
}

function missing(programs: readonly Program[]): string | null {
  if (platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'to make network namespaces needs root: sudo npm run test:netns';
  const absent = () => programs.filter((program) => !isOnPath(program));
  if (absent().length > 0) install([...new Set(absent().map((program) => packages[program]))]);
  if (absent().length > 0) {
    const wanted = [...new Set(absent().map((program) => packages[program]))];
    return `not installed: ${absent().join(', ')} (apt-get install ${wanted.join(' ')})`;
  }
  const made = spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  return made.status === 0 ? null : `no network namespace can be made: ${made.stderr.trim()}`;
}

function install(names: readonly string[]): void {
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  spawnSync('apt-get', ['-y', '-qq', 'update'], options);
  spawnSync('apt-get', ['-y', '-qq', 'install', '--no-install-recommends', ...names], options);
}

function isOnPath(program: string): boolean {
  const path = 'PATH="$PATH:/usr/sbin:/sbin" command -v "$1"';
  return spawnSync('sh', ['-c', path, 'sh', program], { stdio: 'ignore' }).status === 0;
}
