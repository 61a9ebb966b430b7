import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchmarkCase, benchmarkCases, selectCases } from './cases.ts';
import { writeCertificates } from './certificates.ts';
import { formatIdleTable, type IdleRow } from './idle-summary.ts';
import { preparePrograms } from './prerequisites.ts';
import { mostIdleConnections, runIdleCase } from './run-idle-case.ts';
import { runLoadCase } from './run-load-case.ts';
import { fullEffort, quickEffort, type RunOptions } from './run-options.ts';
import { subjectsOf } from './subjects/subjects.ts';
import { formatTable, type Row } from './summary.ts';

const usage = `npm run bench -- [CASE...] [--all] [--quick] [--json FILE] [--subjects NAMES] [--connections N]

Measures the sidecar beside nginx and HAProxy, interleaved in one run on pinned cores, in CPU
microseconds a request (all threads and hops of the proxy), or with idle-* in KB of memory a connection.

Cases: ${benchmarkCases.map((one) => one.name).join(', ')}
  CASE             a case's name, or the beginning of several; when none is given, those with 1 KB bodies
  --all            all cases
  --quick          a short run: for a look, not for quoting
  --json FILE      writes the rows too
  --subjects NAMES only these, divided by commas: nginx, haproxy, haproxy-h2, tulle
  --connections N  idle connections to each subject (default and most ${mostIdleConnections})
`;

const options = {
  all: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  subjects: { type: 'string' },
  connections: { type: 'string', default: String(mostIdleConnections) },
  help: { type: 'boolean', default: false },
} as const;

type CaseOptions = Pick<RunOptions, 'effort' | 'idleConnections'> & { readonly subjects: string | undefined };

interface Rows {
  readonly load: Row[];
  readonly idle: IdleRow[];
  readonly failures: string[];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { chosen, unknown } = selectCases(positionals, values.all);
  const idleConnections = Number(values.connections);
  if (values.help || unknown.length > 0 || !isCount(idleConnections)) {
    console.log(unknown.length > 0 ? `no such case: ${unknown.join(', ')}\n\n${usage}` : usage);
    return values.help ? 0 : 2;
  }
  const missing = preparePrograms(console.log);
  if (missing !== null) {
    console.error(missing);
    return 1;
  }
  const effort = values.quick ? quickEffort : fullEffort;
  const rows = await measureAll(chosen, { effort, idleConnections, subjects: values.subjects });
  if (rows.load.length > 0) console.log(`\n${formatTable(rows.load)}`);
  if (rows.idle.length > 0) console.log(`\n${formatIdleTable(rows.idle)}`);
  for (const failure of rows.failures) console.error(failure);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify([...rows.load, ...rows.idle], null, 2)}\n`);
  }
  return rows.failures.length > 0 ? 1 : 0;
}

function isCount(connections: number): boolean {
  return Number.isInteger(connections) && connections >= 1 && connections <= mostIdleConnections;
}

/** A case that fails is told at the end; the others still have their figures. */
async function measureAll(
  chosen: readonly BenchmarkCase[],
  { subjects, ...options }: CaseOptions,
): Promise<Rows> {
  const rows: Rows = { load: [], idle: [], failures: [] };
  const only = subjects?.split(',');
  for (const one of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'tulle-bench-'));
    const removeFolder = () => rmSync(folder, { recursive: true, force: true });
    process.once('exit', removeFolder);
    const subjectNames = subjectsOf(one).filter((name) => only?.includes(name) ?? true);
    const run: RunOptions = { ...options, workspace: { folder }, subjectNames, say: console.log };
    try {
      await writeCertificates(folder);
      if (one.kind === 'load') rows.load.push(...(await runLoadCase(one, run)));
      else rows.idle.push(...(await runIdleCase(one, run)));
    } catch (thrown) {
      rows.failures.push(`${one.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    } finally {
      removeFolder();
      process.off('exit', removeFolder);
    }
  }
  return rows;
}

// A run leaves by the exit hooks of its programs, which end them; there are up to ten.
process.setMaxListeners(32);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  process.exitCode = await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
