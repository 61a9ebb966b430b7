import { cores } from './addresses.ts';
import { applicationPaths } from './application.ts';
import type { LoadCase } from './cases.ts';
import { checkAnswer } from './measure/check-answer.ts';
import { cpuMicroseconds, residentMb } from './measure/process-usage.ts';
import { runLoad } from './measure/run-load.ts';
import type { RunOptions } from './run-options.ts';
import { startBackend } from './subjects/backend.ts';
import { stopAll } from './subjects/stop-all.ts';
import type { Subject, SubjectName, Workspace } from './subjects/subject.ts';
import { startSubjects } from './subjects/subjects.ts';
import { type Row, type Sample, summarize } from './summary.ts';

/**
 * Measures every subject of a case in one run, interleaved round by round, so that whatever else the
 * machine does meets all of them alike.
 */
export async function runLoadCase(
  one: LoadCase,
  { workspace, effort, subjectNames, say }: RunOptions,
): Promise<Row[]> {
  const backend = await startBackend(one, workspace);
  let subjects: readonly Subject[] = [];
  try {
    subjects = await startSubjects(one, workspace, subjectNames);
    const samples = new Map<SubjectName, Sample[]>(subjects.map((subject) => [subject.name, []]));
    for (const subject of subjects) {
      await checkAnswer(one, subject);
      await measure(one, subject, { seconds: effort.warmUpSeconds, workspace });
    }
    for (let round = 1; round <= effort.rounds; round++) {
      for (const subject of subjects) {
        samples.get(subject.name)!.push(await measure(one, subject, { seconds: effort.seconds, workspace }));
      }
      say(`  ${one.name}: round ${round} of ${effort.rounds}`);
    }
    return summarize(one, samples);
  } finally {
    await stopAll([...subjects, backend]);
  }
}

async function measure(
  one: LoadCase,
  subject: Subject,
  { seconds, workspace }: { seconds: number; workspace: Workspace },
): Promise<Sample> {
  const cpu = () => subject.measured.reduce((sum, { pid }) => sum + cpuMicroseconds(pid), 0);
  const beforeUs = cpu();
  const { address, port, host } = subject;
  const load = await runLoad(one, {
    url: `http://${address}:${port}${applicationPaths[one.protocol]}`,
    connections: one.connections,
    streams: one.streams,
    seconds,
    core: cores.load,
    folder: workspace.folder,
    ...(host === undefined ? {} : { host }),
  });
  const cpuUsPerRequest = (cpu() - beforeUs) / Math.max(1, load.requests);
  if (load.failed > 0)
    throw new Error(`${subject.name}: ${load.failed} requests failed; its figures mean nothing`);
  return {
    ...load,
    cpuUsPerRequest,
    rssMb: subject.measured.reduce((sum, { pid }) => sum + residentMb(pid), 0),
  };
}
