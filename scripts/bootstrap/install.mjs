import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Fault } from './fault.mjs';
import { withFileLock } from './file-lock.mjs';
import { startProgress } from './progress.mjs';
import { packageManager, rootDir, runtimePath, runtimeVersion } from './project.mjs';
import { findNpm } from './requirements.mjs';
import { expectedStamp, readStamp, writeStamp } from './stamp.mjs';

const lockPath = join(rootDir, '.tulle', 'install.lock');
const keptOutputChars = 20_000;

/** Brings node_modules to what the lockfile says; does nothing when it is there already. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  const onWait = (pid) => say(`Waiting for the install that process ${pid} has under way ...`);
  await withFileLock(
    lockPath,
    async () => {
      // Asked again: the one that was waited for may have done it.
      if (!isInstalled()) await install();
    },
    { onWait },
  );
}

function isInstalled() {
  return readStamp() === expectedStamp() && hasRuntime();
}

function hasRuntime() {
  const probe = spawnSync(runtimePath, ['--version'], { encoding: 'utf8' });
  return probe.status === 0 && probe.stdout.trim() === `v${runtimeVersion}`;
}

async function install() {
  const npm = findNpm();
  const stamp = expectedStamp();
  const progress = startProgress(`Installing dependencies with ${packageManager} (once)`);
  const args = [...npm.args, 'exec', '--yes', '--', packageManager];
  const { code, output } = await capture(
    npm.file,
    [...args, 'install', '--frozen-lockfile', '--reporter=append-only'],
    (line) => progress.detail(line.startsWith('Progress:') ? line.slice('Progress:'.length).trim() : ''),
  );
  if (code !== 0) {
    progress.fail();
    throw new Fault(explain(output));
  }
  progress.succeed();
  if (!hasRuntime()) {
    throw new Fault(
      `The npm package node@${runtimeVersion} was installed but does not run on ${process.platform}-${process.arch}.\n` +
        `Try: ${runtimePath} --version`,
    );
  }
  writeStamp(stamp);
}

function capture(file, args, onLine) {
  return new Promise((resolve, reject) => {
    // CI=true: pnpm must never stop at a question, since nobody may be there to answer it.
    const env = { ...process.env, CI: 'true' };
    const child = spawn(file, args, { cwd: rootDir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, stop);
    let output = '';
    const take = (chunk) => {
      output = (output + chunk).slice(-keptOutputChars);
      const line = String(chunk).trimEnd().split('\n').at(-1) ?? '';
      onLine(line.trim());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of signals) process.removeListener(name, stop);
      resolve({ code: signal === null ? code : 1, output });
    });
  });
}

const causes = [
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|META_FETCH_FAIL|dns error|error sending request/i,
    advice:
      'The package registry could not be reached. The first run needs the network: check the connection, and\n' +
      'HTTPS_PROXY and `npm config get registry` where you are behind a proxy; then run the command again.',
  },
  {
    pattern: /OUTDATED_LOCKFILE/,
    advice: `pnpm-lock.yaml does not fit the package.json files. Bring it up to date with\n  npm exec --yes -- ${packageManager} install\nand commit it.`,
  },
  { pattern: /ENOSPC/, advice: 'The disk is full: the install needs about 700 MB.' },
  {
    pattern: /EACCES|EPERM/,
    advice: 'A directory may not be written: check who owns this checkout and your home directory.',
  },
];

function explain(output) {
  const known = causes.find(({ pattern }) => pattern.test(output));
  const said = output
    .trim()
    .split('\n')
    .slice(-15)
    .map((line) => `  | ${line}`)
    .join('\n');
  return `The dependencies could not be installed.\n${said}\n${known?.advice ?? 'What pnpm said is above; run the command again when that is settled.'}`;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
