/**
 * Runs the test suites one after the other, each a vitest project (and what it has `-alone`), and ends with the counts of all:
 * `node scripts/test.mjs unit,component,e2e [FILTER...] [VITEST-OPTION...]`. The last line is the total alone,
 * for whoever reads it by program.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './bootstrap/run-child.mjs';
import { addCounts, formatCounts, noCounts, readCounts } from './test/counts.mjs';

const [suiteList = '', ...vitestArgs] = process.argv.slice(2);
const suites = suiteList.split(',');
const reportDir = await mkdtemp(join(tmpdir(), 'tulle-test-'));
const results = [];
let stoppedBy = null;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stoppedBy = signal;
  });
}

try {
  for (const suite of suites) {
    if (stoppedBy !== null) break;
    results.push(await runSuite(suite));
  }
} finally {
  await rm(reportDir, { recursive: true, force: true });
}
report();

async function runSuite(suite) {
  process.stdout.write(`\n== ${suite} ==\n`);
  const startMs = Date.now();
  const reportPath = join(reportDir, `${suite}.json`);
  const args = [
    'run',
    '--project',
    suite,
    '--project',
    `${suite}-alone`,
    '--reporter=default',
    '--reporter=json',
  ];
  args.push(`--outputFile.json=${reportPath}`, ...vitestArgs);
  // With a filter, a suite that has nothing to it is no failure; without one, an empty suite is.
  if (vitestArgs.length > 0) args.push('--passWithNoTests');
  const code = await runChild('vitest', args);
  return { suite, seconds: (Date.now() - startMs) / 1000, counts: await readCounts(reportPath, code) };
}

function report() {
  process.stdout.write('\n== tests ==\n');
  for (const { suite, seconds, counts } of results) {
    process.stdout.write(`${suite.padEnd(10)} ${formatCounts(counts)} in ${seconds.toFixed(1)} s\n`);
  }
  if (stoppedBy !== null) process.stdout.write(`stopped by ${stoppedBy}\n`);
  const total = results.map(({ counts }) => counts).reduce(addCounts, noCounts);
  process.exitCode = total.failed > 0 || stoppedBy !== null ? 1 : 0;
  process.stdout.write(`\n${formatCounts(total)}\n`);
}
