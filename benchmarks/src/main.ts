import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificates } from './certificates.ts';
import { preparePrograms } from './prerequisites.ts';
import { fullEffort, quickEffort, runCase } from './run-case.ts';
import type { CaseName } from './subjects/subject.ts';
import { formatTable, type Row } from './summary.ts';

const cases: readonly CaseName[] = ['one-hop-h1', 'two-hop-mtls'];

const usage = `npm run bench -- [CASE...] [--quick] [--json FILE]

Measures the sidecar beside nginx and HAProxy, interleaved in one run on pinned cores, in CPU
microseconds a request (all threads and hops of the proxy; HTTP/1.1, 1 KB bodies, 64 connections).

Cases: ${cases.join(', ')} (all when none is named)
  --quick      a short run: for a look, not for quoting
  --json FILE  writes the rows too
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  const unknown = positionals.filter((name) => !cases.includes(name as CaseName));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `no such case: ${unknown.join(', ')}\n\n${usage}` : usage);
    return values.help ? 0 : 2;
  }
  const missing = preparePrograms(console.log);
  if (missing !== null) {
    console.error(missing);
    return 1;
  }
  const chosen = positionals.length > 0 ? (positionals as CaseName[]) : cases;
  const rows = await measureAll(chosen, values.quick === true);
  console.log(`\n${formatTable(rows)}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  return 0;
}

async function measureAll(chosen: readonly CaseName[], isQuick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'tulle-bench-'));
    try {
      await writeCertificates(folder);
      const effort = isQuick ? quickEffort : fullEffort;
      rows.push(...(await runCase(name, { workspace: { folder }, effort, say: console.log })));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
