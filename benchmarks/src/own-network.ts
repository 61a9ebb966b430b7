import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const bringUp = 'ip link set lo up && exec "$@"';

/**
 * A run in a network of its own, which goes away with its last process, clashes with no other's addresses, and
 * may redirect its own connections, as capture does. Null: one can be made here; else why not.
 */
export function whyNoOwnNetwork(): string | null {
  if (process.getuid?.() !== 0) return 'a network of its own needs root';
  const made = spawnSync('unshare', ['--net', 'sh', '-c', bringUp, 'sh', 'true'], { encoding: 'utf8' });
  return made.status === 0 ? null : `no network of its own can be made: ${made.stderr.trim()}`;
}

/** Runs this program with these arguments in a network of its own, and gives its exit code. */
export async function runInOwnNetwork(program: string, args: readonly string[]): Promise<number> {
  const command = [process.execPath, program, ...args];
  const child: ChildProcess = spawn('unshare', ['--net', 'sh', '-c', bringUp, 'sh', ...command], {
    stdio: 'inherit',
  });
  const end = () => void child.kill('SIGTERM');
  process.once('exit', end);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', end);
  return code ?? 1;
}
