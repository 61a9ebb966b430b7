import { cores } from './addresses.ts';
import { applicationPaths } from './application.ts';
import type { LoadCase } from './cases.ts';
import { type LoadRow, type Sample, summarizeLoad } from './load-summary.ts';
import { runLoad } from './measure/run-load.ts';
import type { RunOptions } from './run-options.ts';
import { cpuUsOf, refuseFailures, residentMbOf, runRounds } from './run-rounds.ts';
import type { Subject, Workspace } from './subjects/subject.ts';

/** Measures what requests cost when each is sent as soon as one before it is answered. */
export async function runLoadCase(one: LoadCase, options: RunOptions): Promise<LoadRow[]> {
  const { workspace } = options;
  return summarizeLoad(
    one,
    await runRounds(one, options, (subject, seconds) => measure(one, subject, { seconds, workspace })),
  );
}

async function measure(
  one: LoadCase,
  subject: Subject,
  { seconds, workspace }: { seconds: number; workspace: Workspace },
): Promise<Sample> {
  const beforeUs = cpuUsOf(subject);
  const { address, port, host } = subject;
  const load = await runLoad(one, {
    url: `http://${address}:${port}${applicationPaths[one.protocol]}`,
    connections: one.connections,
    streams: one.streams,
    seconds,
    core: cores.load,
    pids: subject.measured.map(({ pid }) => pid),
    folder: workspace.folder,
    ...(host === undefined ? {} : { host }),
  });
  const cpuUs = load.cpuUs ?? cpuUsOf(subject) - beforeUs;
  const cpuUsPerRequest = cpuUs / Math.max(1, load.requests);
  refuseFailures(subject, load.failed, 'requests');
  return { ...load, cpuUsPerRequest, rssMb: residentMbOf(subject) };
}
