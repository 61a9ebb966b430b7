/**
 * Generates code from proto/ into packages/xds/src/gen. With --baseline (at a release) it also writes
 * proto/baseline.binpb, the contract that later changes are held against by `npm run check`.
 */
import { runTool } from './checks/run-tool.mjs';

const isRelease = process.argv.includes('--baseline');
const steps = [['generate'], ...(isRelease ? [['build', '--output', 'proto/baseline.binpb']] : [])];
for (const args of steps) {
  const { ok, output } = await runTool('buf', args);
  if (output !== '') process.stdout.write(`${output}\n`);
  if (!ok) process.exit(1);
}
process.stdout.write(`Generated packages/xds/src/gen${isRelease ? ' and proto/baseline.binpb' : ''}.\n`);
