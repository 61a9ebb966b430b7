import { spawn } from 'node:child_process';

/**
 * Runs a command once this process has ended, however it did: a process of its own waits for the end of a pipe that
 * only we hold. `revoke` once there is nothing left to do.
 */
export function testament(command: readonly string[]): { revoke(): void } {
  const script = 'cat >/dev/null; exec "$@"';
  const heir = spawn('sh', ['-c', script, 'sh', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  heir.unref();
  (heir.stdin as unknown as { unref(): void }).unref();
  return { revoke: () => heir.kill('SIGKILL') };
}
