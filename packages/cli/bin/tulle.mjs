#!/usr/bin/env node
/**
 * Starts `tulle` on the Node that the workspace pins: npx may have an older one, which cannot run TypeScript.
 * Plain JavaScript, since it runs on whatever Node there is.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const runtime = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

if (existsSync(runtime)) {
  const child = spawn(runtime, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The command ends first, and by itself: Ctrl-C reaches it directly.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
} else {
  process.stderr.write(
    'tulle is not installed yet: run `npm run demo` or `npm test` once, which set it up.\n',
  );
  process.exitCode = 1;
}
