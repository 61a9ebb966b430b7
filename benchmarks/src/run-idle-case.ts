import { applicationPaths } from './application.ts';
import type { IdleCase } from './cases.ts';
import { type IdleRow, type IdleSample, summarizeIdle } from './idle-summary.ts';
import { checkAnswer } from './measure/check-answer.ts';
import { maxOpenFiles } from './measure/descriptors.ts';
import { FirstH1Exchange, FirstH2Exchange } from './measure/first-exchange.ts';
import { holdConnections } from './measure/idle-connections.ts';
import { residentMb } from './measure/process-usage.ts';
import type { RunOptions } from './run-options.ts';
import { startBackend } from './subjects/backend.ts';
import { stopAll } from './subjects/stop-all.ts';
import type { Subject, SubjectName } from './subjects/subject.ts';
import { startSubjects } from './subjects/subjects.ts';

/** What a sidecar takes by default; nginx and HAProxy are set up for more. */
export const mostIdleConnections = 10_000;
/** Held before the count begins, so that what a program takes once is not charged to its connections. */
const warmUpConnections = 200;
/** Files that a subject needs beside the connections. */
const spareFiles = 500;

/** Measures what connections cost in memory that were used once and are kept, subject after subject. */
export async function runIdleCase(
  one: IdleCase,
  { workspace, subjectNames, idleConnections, say }: RunOptions,
): Promise<IdleRow[]> {
  const count = affordable(idleConnections, say);
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

async function measure({ protocol }: IdleCase, subject: Subject, count: number): Promise<IdleSample> {
  const { address, port, host, name } = subject;
  const authority = host ?? `${address}:${port}`;
  const FirstExchange = protocol === 'h1' ? FirstH1Exchange : FirstH2Exchange;
  const begin = () => new FirstExchange(authority, applicationPaths[protocol]);
  (await holdConnections(warmUpConnections, { address, port, begin })).close();
  const emptyMb = await settledMb(subject);
  const held = await holdConnections(count, { address, port, begin });
  try {
    const heldMb = await settledMb(subject);
    if (held.lost > 0) throw new Error(`${name} closed ${held.lost} of ${count} connections`);
    return { connections: count, emptyMb, heldMb };
  } finally {
    held.close();
  }
}

/** Resident memory once it has stopped moving by more than 1 % in a second, or what it is after 15 s. */
async function settledMb({ measured }: Subject): Promise<number> {
  const resident = () => measured.reduce((sum, { pid }) => sum + residentMb(pid), 0);
  let last = resident();
  for (let second = 0; second < 15; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = resident();
    if (Math.abs(now - last) < 0.01 * last) return now;
    last = now;
  }
  return last;
}
