/**
 * Generates code from proto/ into packages/xds/src/gen, and the CRDs and the Helm chart from their definitions
 * into deploy/. With --baseline (at a release) it also writes
 * proto/baseline.binpb, the contract that later changes are held against by `npm run check`.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rootDir } from './bootstrap/project.mjs';
import { runTool } from './checks/run-tool.mjs';
import { committedDeployFiles, freshDeployFiles } from './deploy-files.mjs';

const isRelease = process.argv.includes('--baseline');
const steps = [['generate'], ...(isRelease ? [['build', '--output', 'proto/baseline.binpb']] : [])];
for (const args of steps) {
  const { ok, output } = await runTool('buf', args);
  if (output !== '') process.stdout.write(`${output}\n`);
  if (!ok) process.exit(1);
}
process.stdout.write(`Generated packages/xds/src/gen${isRelease ? ' and proto/baseline.binpb' : ''}.\n`);

const fresh = await freshDeployFiles();
for (const path of (await committedDeployFiles()).keys()) if (!fresh.has(path)) await rm(join(rootDir, path));
for (const [path, text] of fresh) {
  await mkdir(dirname(join(rootDir, path)), { recursive: true });
  await writeFile(join(rootDir, path), text);
}
process.stdout.write(`Generated ${fresh.size} files in deploy.\n`);
