import { cores } from './addresses.ts';
import { applicationPaths } from './application.ts';
import type { RateCase } from './cases.ts';
import type { OpenLoopResult } from './generators/open-loop.ts';
import { requestHeaders } from './measure/request-headers.ts';
import { runGenerator } from './measure/run-generator.ts';
import { type RateRow, type RateSample, summarizeRate } from './rate-summary.ts';
import type { RunOptions } from './run-options.ts';
import { cpuUsOf, refuseFailures, runRounds } from './run-rounds.ts';
import { authorityOf, type Subject } from './subjects/subject.ts';

/** Measures how long answers take at a rate that every subject can serve. */
export async function runRateCase(one: RateCase, options: RunOptions): Promise<RateRow[]> {
  return summarizeRate(
    one,
    await runRounds(one, options, (subject, seconds) => measure(one, subject, seconds)),
  );
}

async function measure(
  { protocol, connections, requestsPerSecond }: RateCase,
  subject: Subject,
  seconds: number,
): Promise<RateSample> {
  const beforeUs = cpuUsOf(subject);
  const { address, port } = subject;
  const load = (await runGenerator(
    {
      name: 'open-loop',
      address,
      port,
      authority: authorityOf(subject),
      path: applicationPaths[protocol],
      headers: requestHeaders,
      connections,
      requestsPerSecond,
      seconds,
    },
    { core: cores.load, timeoutMs: (seconds + 20) * 1000 },
  )) as OpenLoopResult;
  const cpuUsPerRequest = (cpuUsOf(subject) - beforeUs) / Math.max(1, load.requests);
  refuseFailures(subject, load.failed, 'requests');
  return { ...load, cpuUsPerRequest };
}
