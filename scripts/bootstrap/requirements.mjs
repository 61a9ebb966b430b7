import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Fault } from './fault.mjs';

const minimumNodeMajor = 20;

/** Throws unless this machine has what a fresh clone needs. */
export function checkNodeVersion(version = process.versions.node) {
  if (Number.parseInt(version, 10) >= minimumNodeMajor) return;
  throw new Fault(
    `Node ${version} is too old: Tulle needs Node ${minimumNodeMajor} or later to set itself up.\n` +
      'Install a current one from https://nodejs.org or with your version manager, then run the command again.',
  );
}

/**
 * How npm is started: through the npm that runs this script where there is one (it need not be on PATH),
 * else from PATH. Throws when there is none.
 */
export function findNpm(env = process.env) {
  const script = env.npm_execpath;
  if (script !== undefined && basename(script) === 'npm-cli.js' && existsSync(script)) {
    return { file: process.execPath, args: [script] };
  }
  const probe = spawnSync('npm', ['--version'], { stdio: 'ignore' });
  if (probe.status === 0) return { file: 'npm', args: [] };
  throw new Fault(
    'npm was not found: Tulle uses it once, to fetch pnpm.\nInstall npm (it comes with Node from https://nodejs.org; on Debian: apt install npm).',
  );
}
