import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CaseKind, caseKinds } from './case-kinds.ts';
import { type BenchmarkCase, benchmarkCases, selectCases } from './cases.ts';
import { writeCertificates } from './certificates.ts';
import { runInOwnNetwork, whyNoOwnNetwork } from './own-network.ts';
import { preparePrograms } from './prerequisites.ts';
import { fullEffort, quickEffort, type RunOptions } from './run-options.ts';
import { subjectNames, subjectsOf } from './subjects/subjects.ts';

const mostIdleConnections = 10_000;

const usage = `npm run bench -- [CASE...] [--all] [--list] [--quick] [--json FILE] [--subjects NAMES] [--connections N]

Measures the sidecar beside nginx and HAProxy, interleaved in one run on pinned cores, all threads and hops
of the proxy: CPU microseconds a request or a connection, latency at a steady rate, memory.

  CASE             a case's name, or the beginning of several; when none is given, loads with 1 KB bodies
  --all            all cases
  --list           tells the cases, and what each measures
  --quick          a short run: for a look, not for quoting
  --json FILE      writes the rows too
  --subjects NAMES only these, divided by commas: ${subjectNames.join(', ')}
  --connections N  idle connections to each subject (default and most ${mostIdleConnections}; with mutual TLS 1,000)

As root, a run has a network namespace of its own. two-hop-tcp needs it for Tulle, since it measures what is captured.

Cases: ${benchmarkCases.map((one) => one.name).join(', ')}
`;

const options = {
  all: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  subjects: { type: 'string' },
  connections: { type: 'string', default: String(mostIdleConnections) },
  'own-network': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

interface CaseOptions extends Pick<RunOptions, 'effort' | 'idleConnections'> {
  readonly subjects: string | undefined;
  readonly ownsNetwork: boolean;
}

type Kind = BenchmarkCase['kind'];

interface Measured {
  readonly rows: ReadonlyMap<Kind, readonly object[]>;
  readonly failures: readonly string[];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { chosen, unknown } = selectCases(positionals, values.all);
  const idleConnections = Number(values.connections);
  if (values.help || unknown.length > 0 || !isCount(idleConnections)) {
    console.log(unknown.length > 0 ? `no such case: ${unknown.join(', ')}\n\n${usage}` : usage);
    return values.help ? 0 : 2;
  }
  if (values.list) {
    for (const one of benchmarkCases) console.log(`${one.name.padEnd(30)}${kindOf(one).describe(one)}`);
    return 0;
  }
  const missing = preparePrograms(console.log);
  if (missing !== null) {
    console.error(missing);
    return 1;
  }
  if (!values['own-network']) {
    const reason = whyNoOwnNetwork();
    if (reason === null) {
      return runInOwnNetwork(import.meta.filename, [...process.argv.slice(2), '--own-network']);
    }
    if (chosen.some(needsOwnNetwork)) console.error(`opaque bytes are measured without Tulle: ${reason}`);
  }
  const effort = values.quick ? quickEffort : fullEffort;
  const { rows, failures } = await measureAll(chosen, {
    effort,
    idleConnections,
    subjects: values.subjects,
    ownsNetwork: values['own-network'],
  });
  for (const [kind, lines] of rows) {
    if (lines.length > 0) console.log(`\n${(caseKinds[kind] as CaseKind<never, object>).format(lines)}`);
  }
  for (const failure of failures) console.error(failure);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify([...rows.values()].flat(), null, 2)}\n`);
  }
  return failures.length > 0 ? 1 : 0;
}

/** What is captured. */
function needsOwnNetwork({ protocol }: BenchmarkCase): boolean {
  return protocol === 'tcp';
}

function isCount(connections: number): boolean {
  return Number.isInteger(connections) && connections >= 1 && connections <= mostIdleConnections;
}

/** A case that fails is told at the end; the others still have their figures. */
async function measureAll(
  chosen: readonly BenchmarkCase[],
  { subjects, ownsNetwork, ...options }: CaseOptions,
): Promise<Measured> {
  const rows = new Map<Kind, object[]>((Object.keys(caseKinds) as Kind[]).map((kind) => [kind, []]));
  const failures: string[] = [];
  const only = subjects?.split(',');
  for (const one of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'tulle-bench-'));
    const removeFolder = () => rmSync(folder, { recursive: true, force: true });
    process.once('exit', removeFolder);
    const names = subjectsOf(one, ownsNetwork).filter((name) => only?.includes(name) ?? true);
    const run: RunOptions = { ...options, workspace: { folder }, subjectNames: names, say: console.log };
    try {
      await writeCertificates(folder);
      rows.get(one.kind)!.push(...(await kindOf(one).run(one, run)));
    } catch (thrown) {
      failures.push(`${one.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    } finally {
      removeFolder();
      process.off('exit', removeFolder);
    }
  }
  return { rows, failures };
}

/** The table's types tie each kind to its own cases and rows, which a lookup can't follow. */
function kindOf(one: BenchmarkCase): CaseKind<BenchmarkCase, object> {
  return caseKinds[one.kind] as unknown as CaseKind<BenchmarkCase, object>;
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
