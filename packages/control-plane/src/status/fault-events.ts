import { programmedTypes } from './desired-status.ts';
import type { ConditionChange } from './merge-status.ts';

/** What operators are told of as an Event: something went from well to not well. */
export interface FaultEvent {
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** events.k8s.io/v1: a note has at most 1 kB. */
const maxNoteChars = 1_000;

const actions: Readonly<Record<string, string>> = {
  Accepted: 'Accept',
  ResolvedRefs: 'ResolveRefs',
  [programmedTypes.route]: 'Program',
  [programmedTypes.policy]: 'Program',
};

/** Not of what is not yet in force: that is news when it stays so, and the status has it. */
export function faultEvents(changes: readonly ConditionChange[]): readonly FaultEvent[] {
  return changes.flatMap(({ before, after, parentRef }) => {
    if (after === null || after.status !== 'False') return [];
    if (before?.status === 'False' && before.reason === after.reason) return [];
    const action = actions[after.type];
    if (action === undefined || (action === 'Program' && after.reason !== 'Rejected')) return [];
    const reason = action === 'Program' ? 'RejectedByProxy' : after.reason;
    return [{ reason, action, note: noteOf(after.message, parentRef) }];
  });
}

function noteOf(message: string, parentRef: ConditionChange['parentRef']): string {
  const note = parentRef === null ? message : `at parent ${String(parentRef.name)}: ${message}`;
  return note.length > maxNoteChars ? `${note.slice(0, maxNoteChars)}...` : note;
}
