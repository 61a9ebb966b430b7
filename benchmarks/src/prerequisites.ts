import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { platform } from 'node:process';

/** Programs that a comparison needs, with Debian's package of each. */
const needed = [
  { program: 'nginx', package: 'nginx-light' },
  { program: 'haproxy', package: 'haproxy' },
  { program: 'wrk', package: 'wrk' },
  { program: 'taskset', package: 'util-linux' },
];

/**
 * Makes sure that nginx, HAProxy, wrk and taskset are there, installing them from Debian's packages where
 * this process may. Returns what is missing and why, or null.
 */
export function preparePrograms(say: (line: string) => void): string | null {
  if (platform !== 'linux')
    return 'the benchmarks pin processes to cores and read /proc: they run on Linux only';
  const missing = needed.filter(({ program }) => !isOnPath(program));
  if (missing.length === 0) return null;
  const packages = missing.map((entry) => entry.package);
  if (!isOnPath('apt-get') || process.getuid?.() !== 0) {
    return `not installed: ${missing.map((entry) => entry.program).join(', ')}; install ${packages.join(' ')} and run again`;
  }
  say(`installing ${packages.join(', ')} from Debian's packages ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env,
    stdio: 'ignore',
  });
  return null;
}

function isOnPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
