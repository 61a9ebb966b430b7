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

/** A watch that is begun anew now and then is nothing to tell of. */
const toleratedMs = 10_000;

/** That what was read before stands, because nothing newer can be read; null where it is up to date. */
export function staleNote({ kind, reflector }: KindTable, nowMs: number): string | null {
  const { hasSynced, state } = reflector;
  if (!hasSynced || state.kind !== 'retrying' || nowMs - state.sinceMs < toleratedMs) return null;
  const seconds = Math.round((nowMs - state.sinceMs) / 1_000);
  return `${kind} as it was ${seconds} s ago, the API server cannot be read: ${state.reason}`;
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
