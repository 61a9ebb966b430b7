import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this checkout is, and what its root manifest pins. */
export const rootDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const binDir = join(rootDir, 'node_modules', '.bin');
export const runtimePath = join(binDir, 'node');

const manifest = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));

/** `pnpm@<exact version>`: the one that wrote the lockfile. */
export const packageManager = manifest.packageManager;
/** The exact version of the npm package `node`, on which everything runs. */
export const runtimeVersion = manifest.devDependencies.node;
