import { cores } from './addresses.ts';
import type { ChurnCase } from './cases.ts';
import { type ChurnRow, type ChurnSample, summarizeChurn } from './churn-summary.ts';
import { doorOf } from './door.ts';
import type { ChurnResult } from './generators/churn.ts';
import { runGenerator } from './measure/run-generator.ts';
import type { RunOptions } from './run-options.ts';
import { cpuUsOf, refuseFailures, residentMbOf, runRounds } from './run-rounds.ts';
import type { Subject } from './subjects/subject.ts';

/** Measures what a connection costs that is opened, used once and closed. */
export async function runChurnCase(one: ChurnCase, options: RunOptions): Promise<ChurnRow[]> {
  return summarizeChurn(
    one,
    await runRounds(one, options, (subject, seconds) => measure(one, subject, seconds)),
  );
}

/** Not all of them: a peer lets go of a session now and then. */
const leastShareResumed = 0.95;

async function measure(one: ChurnCase, subject: Subject, seconds: number): Promise<ChurnSample> {
  const beforeUs = cpuUsOf(subject);
  const { connections, resumes } = one;
  const load = (await runGenerator(
    { name: 'churn', ...doorOf(one, subject), atOnce: connections, resumes, seconds },
    { core: cores.load, timeoutMs: (seconds + 20) * 1000 },
  )) as ChurnResult;
  const cpuUsPerConnection = (cpuUsOf(subject) - beforeUs) / Math.max(1, load.connections);
  refuseFailures(subject, load.failed, 'connections');
  const share = load.resumed / Math.max(1, load.connections);
  if (resumes ? share < leastShareResumed : load.resumed > 0) {
    throw new Error(`${subject.name}: ${load.resumed} of ${load.connections} connections resumed a session`);
  }
  return { ...load, cpuUsPerConnection, rssMb: residentMbOf(subject) };
}
