import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../bootstrap/project.mjs';
import { runTool } from './run-tool.mjs';

const baseline = 'proto/baseline.binpb';

/**
 * Held against two things that every clone has, with no network and no history: the contract of the last
 * release (proto/baseline.binpb, renewed by `npm run generate -- --baseline`), and the last commit; and
 * against main where the clone knows it. Old sidecars speak to new control planes: a break is a new package.
 */
export const wireBreaking = {
  name: 'wire-breaking',
  about: 'buf breaking: proto/ against the last release, the last commit and main',
  run: async () => {
    if (!existsSync(join(rootDir, baseline))) {
      return { ok: false, output: `${baseline} is missing; \`npm run generate -- --baseline\` writes it` };
    }
    const faults = [];
    for (const against of [baseline, ...(await commitsWithContracts())]) {
      const { ok, output } = await runTool('buf', ['breaking', '--against', against]);
      if (!ok) faults.push(`against ${against}:\n${output}`);
    }
    return { ok: faults.length === 0, output: faults.join('\n') };
  },
};

async function commitsWithContracts() {
  const commits = new Set();
  for (const ref of ['HEAD', 'origin/main']) {
    const { ok, output } = await runTool('git', ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]);
    if (!ok) continue;
    const has = await runTool('git', ['cat-file', '-e', `${output}:buf.yaml`]);
    if (has.ok) commits.add(output);
  }
  // In a second work tree `.git` is a file that points at the repository.
  const { output: repository } = await runTool('git', ['rev-parse', '--git-common-dir']);
  return [...commits].map((commit) => `${repository}#format=git,commit=${commit}`);
}
