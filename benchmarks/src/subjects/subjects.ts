import type { BenchmarkCase, Setup } from '../cases.ts';
import { startHaproxy, startHaproxyOverH2 } from './haproxy.ts';
import { startNginx } from './nginx.ts';
import { stopAll } from './stop-all.ts';
import type { Subject, SubjectName, SubjectStarter, Workspace } from './subject.ts';
import { startTulle, startTulleBundled } from './tulle.ts';

const starters: Readonly<Record<SubjectName, SubjectStarter>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  'haproxy-h2': startHaproxyOverH2,
  tulle: startTulle,
  'tulle-bundled': startTulleBundled,
};

/** Starts everything that is compared in a setup; all of it, or none. */
export async function startSubjects(
  setup: Setup,
  workspace: Workspace,
  names: readonly SubjectName[],
): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  try {
    for (const name of names) subjects.push(await starters[name](setup, workspace));
    return subjects;
  } catch (thrown) {
    await stopAll(subjects);
    throw thrown;
  }
}

/**
 * What is compared in a case: HAProxy twice where HTTP/2 between two of them is its better way, and Tulle twice
 * where it makes a difference that an image has it as one file.
 */
export function subjectsOf(
  { kind, hops, protocol }: BenchmarkCase,
  ownsNetwork: boolean,
): readonly SubjectName[] {
  if (kind === 'memory') return ['nginx', 'haproxy', 'tulle', 'tulle-bundled'];
  // A sidecar carries bytes only for those whose connections it captures.
  if (protocol === 'tcp') return ownsNetwork ? ['nginx', 'haproxy', 'tulle'] : ['nginx', 'haproxy'];
  return hops === 2 ? ['nginx', 'haproxy', 'haproxy-h2', 'tulle'] : ['nginx', 'haproxy', 'tulle'];
}

export const subjectNames = Object.keys(starters) as readonly SubjectName[];
