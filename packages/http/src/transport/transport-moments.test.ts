import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('./testing/act-at-any-moment.ts', import.meta.url));

// In a process of its own: what goes wrong here ends the process, by a signal.
describe.each(['socket', 'handle'])('%s backend', (backend) => {
  it.each(['plain', 'tls'])(
    'bears end, abort and pause at any moment: %s',
    async (security) => {
      const { stdout } = await promisify(execFile)(process.execPath, [program, backend, security], {
        timeout: 60_000,
      });
      expect(stdout).toBe('396 cases\n');
    },
    70_000,
  );
});
