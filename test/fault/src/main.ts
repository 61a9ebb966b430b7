/** `npm run fault`: one fault under a steady load. Exits 0 when the books are right, whatever failed. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type FaultName, faults } from './faults/faults.ts';
import { runFault } from './run-fault.ts';
import { figuresOf, formatReport } from './summary.ts';

const defaultRequests = 10_000;
const longRequests = 50_000;
const mostPods = 80;
const setUpMs = 120_000;

const names = Object.keys(faults) as FaultName[];
const usage = `npm run fault -- NAME [--requests N] [--rate N] [--json FILE]

A mesh of real processes under a steady load, of which the middle third meets a fault.

${names.map((name) => `  ${name.padEnd(22)} ${faults[name].summary}`).join('\n')}

  --requests N  at least so many (default ${defaultRequests})
  --rate N      a second (default 500, from ${longRequests} requests on 1000)
  --json FILE   leaves { name, requests, failed, byReason, p99BeforeMs, p99DuringMs } in FILE
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      requests: { type: 'string', default: String(defaultRequests) },
      rate: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const name = names.find((one) => one === positionals[0]);
  const requests = Number(values.requests);
  const perSecond = Number(values.rate ?? (requests >= longRequests ? 1_000 : 500));
  if (
    values.help ||
    name === undefined ||
    positionals.length !== 1 ||
    !isCount(requests) ||
    !isCount(perSecond)
  ) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  endAfter((requests / perSecond) * 3_000 + setUpMs);
  const report = await runFault({ name, requests, perSecond, mostPods, say: console.log });
  console.log(`\n${formatReport(report)}`);
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify(figuresOf(report), null, 2)}\n`);
  }
  return report.violations.length > 0 ? 1 : 0;
}

function isCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1;
}

/** Whatever hangs: what this process has started goes with it. */
function endAfter(ms: number): void {
  const timer = setTimeout(() => {
    console.error(`not over after ${Math.round(ms / 1_000)} s`);
    process.exit(1);
  }, ms);
  timer.unref();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
// What a run that failed has left behind ends with this process.
try {
  process.exit(await main());
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exit(1);
}
