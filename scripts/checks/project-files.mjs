import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../bootstrap/project.mjs';
import { runTool } from './run-tool.mjs';

/** Every file of the project, relative to its root: tracked, or new and not ignored. */
export async function projectFiles() {
  const { ok, output } = await runTool('git', [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
  ]);
  if (!ok) throw new Error(`git ls-files failed: ${output}`);
  const names = [...new Set(output.split('\0'))].filter((name) => name !== '');
  return names.filter((name) => existsSync(join(rootDir, name))).sort();
}

/** Hand-written code: neither generated nor a fixture. */
export async function sourceFiles() {
  const names = await projectFiles();
  return names.filter((name) => /\.(ts|mjs|cjs|js)$/.test(name) && !/(^|\/)(gen|fixtures)\//.test(name));
}
