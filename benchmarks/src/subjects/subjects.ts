import type { Setup } from '../cases.ts';
import { startHaproxy, startHaproxyOverH2 } from './haproxy.ts';
import { startNginx } from './nginx.ts';
import { stopAll } from './stop-all.ts';
import type { Subject, SubjectName, SubjectStarter, Workspace } from './subject.ts';
import { startTulle } from './tulle.ts';

const starters: Readonly<Record<SubjectName, SubjectStarter>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  'haproxy-h2': startHaproxyOverH2,
  tulle: startTulle,
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

/** What is compared in a setup: HAProxy twice where HTTP/2 between two of them is its better way. */
export function subjectsOf({ hops }: Setup): readonly SubjectName[] {
  return hops === 2 ? ['nginx', 'haproxy', 'haproxy-h2', 'tulle'] : ['nginx', 'haproxy', 'tulle'];
}
