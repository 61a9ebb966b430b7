import type { IdleCase } from './cases.ts';
import { doorOf } from './door.ts';
import { type IdleRow, type IdleSample, summarizeIdle } from './idle-summary.ts';
import { checkAnswer } from './measure/check-answer.ts';
import { maxOpenFiles } from './measure/descriptors.ts';
import { FirstH1Exchange, FirstH2Exchange } from './measure/first-exchange.ts';
import { holdConnections } from './measure/idle-connections.ts';
import { settledMb } from './measure/settled.ts';
import type { RunOptions } from './run-options.ts';
import { startBackend } from './subjects/backend.ts';
import { stopAll } from './subjects/stop-all.ts';
import type { Subject, SubjectName } from './subjects/subject.ts';
import { startSubjects } from './subjects/subjects.ts';

/** Held before the count begins, so that what a program takes once is not charged to its connections. */
const warmUpConnections = 200;
/** Files that a subject needs beside the connections. */
const spareFiles = 500;

/** Measures what connections cost in memory that were used once and are kept, subject after subject. */
export async function runIdleCase(
  one: IdleCase,
  { workspace, subjectNames, idleConnections, say }: RunOptions,
): Promise<IdleRow[]> {
  const count = affordable(Math.min(idleConnections, one.mostConnections), say);
  const backend = await startBackend(one, workspace);
  let subjects: readonly Subject[] = [];
  try {
    subjects = await startSubjects(one, workspace, subjectNames);
    const samples = new Map<SubjectName, IdleSample>();
    for (const subject of subjects) {
      await checkAnswer(one, subject);
      samples.set(subject.name, await measure(one, subject, count));
      say(`  ${one.name}: ${subject.name} held ${count} connections`);
    }
    return summarizeIdle(one, samples);
  } finally {
    await stopAll([...subjects, backend]);
  }
}

function affordable(wanted: number, say: (line: string) => void): number {
  const most = maxOpenFiles() - spareFiles;
  if (wanted <= most) return wanted;
  say(`  ${most} connections instead of ${wanted}: the hard limit of open files (ulimit -Hn) allows no more`);
  return most;
}

async function measure(one: IdleCase, subject: Subject, count: number): Promise<IdleSample> {
  const { address, port, tls, speaks, authority, path } = doorOf(one, subject);
  const FirstExchange = speaks === 'h1' ? FirstH1Exchange : FirstH2Exchange;
  const target = { address, port, tls, begin: () => new FirstExchange(authority, path) };
  (await holdConnections(warmUpConnections, target)).close();
  const emptyMb = await settledMb(subject);
  const held = await holdConnections(count, target);
  try {
    const heldMb = await settledMb(subject);
    if (held.lost > 0) throw new Error(`${subject.name} closed ${held.lost} of ${count} connections`);
    return { connections: count, emptyMb, heldMb };
  } finally {
    held.close();
  }
}
