import type { MemoryCase } from './cases.ts';
import { privateMb } from './measure/process-usage.ts';
import { settledMb } from './measure/settled.ts';
import { type MemoryRow, type MemorySample, summarizeMemory } from './memory-summary.ts';
import type { RunOptions } from './run-options.ts';
import type { Subject, SubjectName } from './subjects/subject.ts';
import { startSubjects } from './subjects/subjects.ts';

/** Measures what a program takes that has started and has nothing to do: anew in each round, and alone. */
export async function runMemoryCase(
  one: MemoryCase,
  { workspace, effort, subjectNames, say }: RunOptions,
): Promise<MemoryRow[]> {
  const samples = new Map<SubjectName, MemorySample[]>(subjectNames.map((name) => [name, []]));
  for (let round = 1; round <= effort.rounds; round++) {
    for (const name of subjectNames) {
      const [subject] = await startSubjects(one, workspace, [name]);
      try {
        samples.get(name)!.push(await measure(subject!));
      } finally {
        await subject!.stop();
      }
    }
    say(`  ${one.name}: round ${round} of ${effort.rounds}`);
  }
  return summarizeMemory(one, samples);
}

async function measure(subject: Subject): Promise<MemorySample> {
  const rssMb = await settledMb(subject);
  return { rssMb, privateMb: subject.measured.reduce((sum, { pid }) => sum + privateMb(pid), 0) };
}
