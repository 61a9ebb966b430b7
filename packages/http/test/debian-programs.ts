import { spawnSync } from 'node:child_process';

/** Programs of Debian's packages that serve as foreign peers. */
const packages: Readonly<Record<string, string>> = {
  curl: 'curl',
  nghttp: 'nghttp2-client',
  h2load: 'nghttp2-client',
};

/**
 * Null where these programs are there. Else why not: on CI they are installed, which needs root, and
 * whoever has none fails; on a developer's machine the cases are skipped for that reason.
 */
export function missingPrograms(programs: readonly string[], isCi: boolean): string | null {
  const missing = () => programs.filter((program) => !isOnPath(program));
  if (missing().length === 0) return null;
  const wanted = [...new Set(missing().map((program) => packages[program]!))];
  if (isCi) {
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    spawnSync('apt-get', ['-y', '-qq', 'update'], options);
    spawnSync('apt-get', ['-y', '-qq', 'install', '--no-install-recommends', ...wanted], options);
    if (missing().length > 0) throw new Error(`could not install ${wanted.join(', ')}`);
    return null;
  }
  return `not installed: ${missing().join(', ')} (apt-get install ${wanted.join(' ')})`;
}

function isOnPath(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' }).status === 0;
}
