import { cores } from './addresses.ts';
import { type LoadResult, runLoad } from './measure/load.ts';
import { cpuMicroseconds, residentMb } from './measure/process-usage.ts';
import { startBackend } from './subjects/backend.ts';
import { startHaproxy } from './subjects/haproxy.ts';
import { startNginx } from './subjects/nginx.ts';
import type { CaseName, Subject, SubjectName, SubjectStarter, Workspace } from './subjects/subject.ts';
import { startTulle } from './subjects/tulle.ts';
import { type Row, type Sample, summarize } from './summary.ts';

const starters: Readonly<Record<SubjectName, SubjectStarter>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  tulle: startTulle,
};

export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
}

export const fullEffort: Effort = { rounds: 5, seconds: 4, warmUpSeconds: 2, connections: 64 };
export const quickEffort: Effort = { rounds: 2, seconds: 1, warmUpSeconds: 1, connections: 64 };

/**
 * Measures every subject of a case in one run, interleaved round by round, so that whatever else the
 * machine does meets all of them alike.
 */
export async function runCase(
  name: CaseName,
  { workspace, effort, say }: { workspace: Workspace; effort: Effort; say: (line: string) => void },
): Promise<Row[]> {
  const backend = await startBackend(workspace);
  const subjects: Subject[] = [];
  try {
    for (const start of Object.values(starters)) subjects.push(await start(name, workspace));
    const samples = new Map<SubjectName, Sample[]>(subjects.map((subject) => [subject.name, []]));
    for (const subject of subjects) await measure(subject, effort.warmUpSeconds, effort.connections);
    for (let round = 1; round <= effort.rounds; round++) {
      for (const subject of subjects) {
        samples.get(subject.name)!.push(await measure(subject, effort.seconds, effort.connections));
      }
      say(`  ${name}: round ${round} of ${effort.rounds}`);
    }
    return summarize(name, samples);
  } finally {
    await Promise.all([...subjects, backend].map((one) => one.stop()));
  }
}

async function measure(subject: Subject, seconds: number, connections: number): Promise<Sample> {
  const cpu = () => subject.measured.reduce((sum, { pid }) => sum + cpuMicroseconds(pid), 0);
  const beforeUs = cpu();
  const { url, host } = subject;
  const load: LoadResult = await runLoad({
    url,
    connections,
    seconds,
    core: cores.load,
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
