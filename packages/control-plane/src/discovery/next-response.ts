import { resourceKinds } from '@tulle/model';
import type { TypeStream } from './type-stream.ts';

/** Which type is to speak next, and whether of additions and updates or of removals. */
export interface NextResponse {
  readonly type: TypeStream;
  readonly phase: 'updates' | 'removals';
}

/**
 * Make before break (xDS protocol, "Eventual consistency considerations"): additions and updates go in the
 * order of `resourceKinds`, so that what is referred to comes first; then removals go in reverse. A type whose
 * last response is still in flight holds back those after it, or an update could overtake what it refers to.
 */
export function nextResponse(types: ReadonlyMap<string, TypeStream>): NextResponse | null {
  return nextOfUnknownKind(types) ?? nextInOrder(types);
}

function nextInOrder(types: ReadonlyMap<string, TypeStream>): NextResponse | null {
  const inOrder = resourceKinds.flatMap((kind) => [...types.values()].filter((type) => type.kind === kind));
  const updated = inOrder.find((type) => type.subscription.pending.hasUpdates);
  if (updated !== undefined) return updated.inFlight === null ? { type: updated, phase: 'updates' } : null;
  const removed = inOrder.findLast((type) => type.subscription.pending.hasRemovals);
  if (removed !== undefined) return removed.inFlight === null ? { type: removed, phase: 'removals' } : null;
  return null;
}

/** Nothing refers to a type that this server doesn't know: it holds back none and waits for none. */
function nextOfUnknownKind(types: ReadonlyMap<string, TypeStream>): NextResponse | null {
  for (const type of types.values()) {
    if (type.kind !== null || type.inFlight !== null) continue;
    const { hasUpdates, hasRemovals } = type.subscription.pending;
    if (hasUpdates) return { type, phase: 'updates' };
    if (hasRemovals) return { type, phase: 'removals' };
  }
  return null;
}
