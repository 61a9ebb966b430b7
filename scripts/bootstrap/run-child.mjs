import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter } from 'node:path';
import { binDir, rootDir } from './project.mjs';

/** One signal reaches us twice when npm passes on what the process group got already. */
const sameSignalMs = 500;

/**
 * Runs a command on the workspace's own Node (node_modules/.bin comes first on PATH) with our standard
 * streams; resolves to its exit code, 128 + n when signal n ended it.
 */
export function runChild(file, args) {
  const env = { ...process.env, PATH: [binDir, process.env.PATH].join(delimiter) };
  const child = spawn(file, args, { cwd: rootDir, env, stdio: 'inherit' });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** On a terminal the child gets Ctrl-C itself, and a second one would mean "at once" to it. */
function forwardSignals(child) {
  const lastMs = new Map();
  const forward = (signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    const nowMs = Date.now();
    if (nowMs - (lastMs.get(signal) ?? 0) < sameSignalMs) return;
    lastMs.set(signal, nowMs);
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.removeListener(signal, forward);
  };
}
