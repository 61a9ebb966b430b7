import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { platform } from 'node:process';

/** nginx carries bytes by a module that its package lacks. */
export const nginxStreamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** Programs and files that a comparison needs, with Debian's package of each. */
const needed = [
  { program: 'nginx', package: 'nginx-light' },
  { program: nginxStreamModule, package: 'libnginx-mod-stream' },
  { program: 'haproxy', package: 'haproxy' },
  { program: 'wrk', package: 'wrk' },
  { program: 'h2load', package: 'nghttp2-client' },
  { program: 'nghttpd', package: 'nghttp2-server' },
  { program: 'taskset', package: 'util-linux' },
  { program: 'ip', package: 'iproute2' },
  { program: 'nft', package: 'nftables' },
];

/**
 * Makes sure that the programs are there, installing them from Debian's packages where
 * this process may. Returns what is missing and why, or null.
 */
export function preparePrograms(say: (line: string) => void): string | null {
  if (platform !== 'linux')
    return 'the benchmarks pin processes to cores and read /proc: they run on Linux only';
  const missing = needed.filter(({ program }) => !isThere(program));
  if (missing.length === 0) return null;
  const packages = missing.map((entry) => entry.package);
  if (!isOnPath('apt-get') || process.getuid?.() !== 0) {
    return `not installed: ${missing.map((entry) => entry.program).join(', ')}; install ${packages.join(' ')} and run again`;
  }
  say(`installing ${packages.join(', ')} from Debian's packages ...`);
  const aptGet = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-qq'];
  spawnSync('env', [...aptGet, 'update'], { stdio: 'ignore' });
  execFileSync('env', [...aptGet, 'install', '--no-install-recommends', ...packages], { stdio: 'ignore' });
  return null;
}

function isThere(program: string): boolean {
  return program.startsWith('/') ? existsSync(program) : isOnPath(program);
}

function isOnPath(program: string): boolean {
  const path = 'PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1"';
  return spawnSync('sh', ['-c', path, 'sh', program], { stdio: 'ignore' }).status === 0;
}
