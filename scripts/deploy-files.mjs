import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootDir } from './bootstrap/project.mjs';

/** The folders that hold nothing but what is made from the types and the manifests. */
const generatedFolders = ['deploy/crds', 'deploy/chart'];

/** A variable, since what is checked as JavaScript here must not draw the packages' sources in. */
const cli = '@tulle/cli';

/** What `deploy` has to hold, by path. Loaded late: only a set-up workspace can. */
export async function freshDeployFiles() {
  const { deployFiles, version } = await import(cli);
  return deployFiles(version);
}

export async function committedDeployFiles() {
  const found = new Map();
  for (const folder of generatedFolders) {
    const entries = await readdir(join(rootDir, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name).slice(rootDir.length + 1);
      found.set(path, await readFile(join(rootDir, path), 'utf8'));
    }
  }
  return found;
}
