import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

/** A lock whose owner cannot be asked (another host, unreadable) counts as left behind after this long. */
const abandonedAfterMs = 15 * 60_000;
const pollMs = 250;

/**
 * Holds the lock file while `work` runs, so that two commands started at once don't install over each other.
 * `onWait` is told once whom it waits for. A lock whose owner died is taken over.
 */
export async function withFileLock(path, work, { onWait = (_pid) => {} } = {}) {
  const token = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  mkdirSync(dirname(path), { recursive: true });
  let hasWaited = false;
  while (!tryCreate(path, token)) {
    const owner = read(path);
    if (owner === null) continue;
    if (isAbandoned(owner)) {
      removeExactly(path, owner.text);
      continue;
    }
    if (!hasWaited) onWait(owner.pid);
    hasWaited = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const release = () => removeExactly(path, token);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/** Written beside and linked into place, so that a lock is never seen half written. */
function tryCreate(path, token) {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, token, { flag: 'wx' });
  try {
    linkSync(draft, path);
    return true;
  } catch (thrown) {
    if (thrown.code === 'EEXIST') return false;
    throw thrown;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return { text, ageMs: Date.now() - statSync(path).mtimeMs, ...parse(text) };
  } catch (thrown) {
    if (thrown.code === 'ENOENT') return null;
    throw thrown;
  }
}

function parse(text) {
  try {
    const { pid, host } = JSON.parse(text);
    return { pid, host };
  } catch {
    return { pid: null, host: null };
  }
}

function isAbandoned({ pid, host, ageMs }) {
  if (host !== hostname() || !Number.isInteger(pid)) return ageMs > abandonedAfterMs;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return thrown.code === 'ESRCH';
  }
}

/**
 * Removes the lock only while it is the one that was looked at. Moving it aside first decides between two
 * that both found it abandoned: what was moved is checked, and put back when it is a newer owner's.
 */
function removeExactly(path, text) {
  const aside = `${path}.${randomUUID()}`;
  try {
    if (readFileSync(path, 'utf8') !== text) return;
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== text) linkSync(aside, path);
  } catch (thrown) {
    if (thrown.code !== 'ENOENT' && thrown.code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(aside, { force: true });
  }
}
