import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from './project.mjs';

/**
 * Whether the install is still the one that the lockfile and the manifests ask for. A hash of the contents
 * and not of times, since a checkout touches files.
 */
export function readStamp(root = rootDir) {
  const path = stampPath(root);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

export function writeStamp(stamp, root = rootDir) {
  writeFileSync(stampPath(root), `${stamp}\n`);
}

/** What the stamp has to be for the tree as it stands. */
export function expectedStamp(root = rootDir) {
  const hash = createHash('sha256');
  // A tree that is shared between machines is installed anew on each kind of them.
  hash.update(`${process.platform}-${process.arch}\0`);
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...workspaceManifests(root)]) {
    const path = join(root, name);
    hash
      .update(`${name}\0`)
      .update(existsSync(path) ? readFileSync(path) : '')
      .update('\0');
  }
  return hash.digest('hex');
}

/** The manifests of the workspace, by the patterns of pnpm-workspace.yaml (`dir` and `dir/*`). */
export function workspaceManifests(root) {
  const text = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const list = /^packages:\n((?:[ \t]+.*\n|\n)*)/m.exec(text)?.[1] ?? '';
  const patterns = [...list.matchAll(/^\s*-\s*['"]?([^'"\s#]+)/gm)].map((match) => match[1]);
  const directories = patterns.flatMap((pattern) =>
    pattern.endsWith('/*') ? subdirectories(root, pattern.slice(0, -2)) : [pattern],
  );
  return ['package.json', ...directories.map((directory) => `${directory}/package.json`)]
    .filter((name) => existsSync(join(root, name)))
    .sort();
}

function subdirectories(root, parent) {
  const path = join(root, parent);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}

function stampPath(root) {
  return join(root, 'node_modules', '.tulle-install');
}
