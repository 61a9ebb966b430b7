import { readFileSync } from 'node:fs';
import { createLogger, messageOf } from '@tulle/runtime';
import { commandRunner } from './capture/run-command.ts';
import { runInit } from './capture/run-init.ts';

/** The init program's entry: makes, shows, checks or removes the rules that lead a pod's traffic to its sidecar. */
runInit({
  argv: process.argv.slice(2),
  env: process.env,
  run: commandRunner(process.env.PATH ?? '', process.env.XTABLES_LOCKFILE ?? null),
  readText: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  print: (text) => process.stdout.write(text),
  // Standard output is for the rules and the check.
  logger: createLogger({
    level: 'info',
    fields: { program: 'init' },
    write: (line) => process.stderr.write(line),
  }),
}).then(
  (code) => {
    process.exitCode = code;
  },
  (thrown) => {
    process.stderr.write(`tulle init: ${messageOf(thrown)}\n`);
    process.exitCode = 1;
  },
);
