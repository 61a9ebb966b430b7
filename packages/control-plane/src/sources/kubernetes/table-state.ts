import { assertNever } from '@tulle/model';
import type { KindTable } from './kind-table.ts';

/** Why a kind has not been read yet; null where it has been. */
export function unreadyReason({ kind, reflector }: KindTable, nowMs: number): string | null {
  const { hasSynced, state } = reflector;
  if (hasSynced) return null;
  const forText = `for ${Math.round(Math.max(nowMs - state.sinceMs, 0) / 1_000)} s`;
  switch (state.kind) {
    case 'starting':
    case 'listing':
    case 'watching':
      return `${kind}: has not been read from the API server yet (${state.kind} ${forText})`;
    case 'retrying':
      return `${kind}: cannot be read from the API server ${forText}: ${state.reason}`;
    case 'absent':
    case 'stopped':
      return `${kind}: is ${state.kind}`;
    default:
      return assertNever(state);
  }
}

/** What a dump says of a kind. */
export function describeTable({ reflector, objects, odd }: KindTable, nowMs: number): object {
  const { hasSynced, state } = reflector;
  const { kind, sinceMs, lastEventMs } = state;
  return {
    state: kind,
    reason: kind === 'retrying' ? state.reason : null,
    since: new Date(sinceMs).toISOString(),
    lastEventSecondsAgo: lastEventMs === null ? null : Math.round((nowMs - lastEventMs) / 1_000),
    hasSynced,
    objects: objects.size,
    rejected: [...odd.values()].filter(({ rejection }) => rejection !== null).length,
  };
}
