import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootDir } from '../bootstrap/project.mjs';
import { runTool } from './run-tool.mjs';

const generated = 'packages/xds/src/gen';

export const wireDrift = {
  name: 'wire-drift',
  about: 'the generated code is what proto/ generates',
  run: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tulle-generated-'));
    try {
      const result = await runTool('buf', ['generate', '--output', directory]);
      if (!result.ok) return result;
      return await compare(join(directory, generated), join(rootDir, generated));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function compare(freshDir, committedDir) {
  const [fresh, committed] = await Promise.all([readTree(freshDir), readTree(committedDir)]);
  const names = [...new Set([...fresh.keys(), ...committed.keys()])].sort();
  const stale = names.filter((name) => fresh.get(name) !== committed.get(name));
  const lines = stale.map((name) => `${generated}/${name} is not what proto/ generates`);
  if (lines.length > 0) lines.push('`npm run generate` renews it');
  return { ok: stale.length === 0, output: lines.join('\n') };
}

async function readTree(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const tree = new Map();
  for (const path of files) tree.set(path.slice(directory.length + 1), await readFile(path, 'utf8'));
  return tree;
}
