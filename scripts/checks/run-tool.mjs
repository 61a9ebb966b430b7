import { spawn } from 'node:child_process';
import { rootDir } from '../bootstrap/project.mjs';

/** Runs a tool at the repository's root; resolves to whether it exited 0 and to all that it wrote. */
export function runTool(file, args, { input = null } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: rootDir,
      stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ ok: code === 0, output: Buffer.concat(chunks).toString().trimEnd() }),
    );
  });
}
