import type { BenchmarkCase } from './cases.ts';
import { checkAnswer } from './measure/check-answer.ts';
import { cpuMicroseconds, residentMb } from './measure/process-usage.ts';
import type { RunOptions } from './run-options.ts';
import { startBackend } from './subjects/backend.ts';
import { stopAll } from './subjects/stop-all.ts';
import type { Subject, SubjectName } from './subjects/subject.ts';
import { startSubjects } from './subjects/subjects.ts';

/**
 * Measures every subject of a case in one run, interleaved round by round, so that whatever else the
 * machine does meets all of them alike.
 */
export async function runRounds<S>(
  one: BenchmarkCase,
  { workspace, effort, subjectNames, say }: RunOptions,
  measure: (subject: Subject, seconds: number) => Promise<S>,
): Promise<ReadonlyMap<SubjectName, readonly S[]>> {
  const backend = await startBackend(one, workspace);
  let subjects: readonly Subject[] = [];
  try {
    subjects = await startSubjects(one, workspace, subjectNames);
    const samples = new Map<SubjectName, S[]>(subjects.map((subject) => [subject.name, []]));
    for (const subject of subjects) {
      await checkAnswer(one, subject);
      await measure(subject, effort.warmUpSeconds);
    }
    for (let round = 1; round <= effort.rounds; round++) {
      for (const subject of subjects) {
        samples.get(subject.name)!.push(await measure(subject, effort.seconds));
      }
      say(`  ${one.name}: round ${round} of ${effort.rounds}`);
    }
    return samples;
  } finally {
    await stopAll([...subjects, backend]);
  }
}

/** CPU time of a subject so far, all processes and threads. */
export function cpuUsOf({ measured }: Subject): number {
  return measured.reduce((sum, { pid }) => sum + cpuMicroseconds(pid), 0);
}

export function residentMbOf({ measured }: Subject): number {
  return measured.reduce((sum, { pid }) => sum + residentMb(pid), 0);
}

/** Figures of a load some of which failed mean nothing. */
export function refuseFailures({ name }: Subject, failed: number, what: string): void {
  if (failed > 0) throw new Error(`${name}: ${failed} ${what} failed; its figures mean nothing`);
}
