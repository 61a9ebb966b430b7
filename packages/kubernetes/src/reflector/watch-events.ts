import { clientReasons, errorOfStatus, KubernetesError } from '../kubernetes-error.ts';
import { isRawObject, isRecord, type RawObject } from '../raw-object.ts';

export type WatchEvent =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: RawObject }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly isInitialEnd: boolean };

const kinds = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/** KEP-3157: the bookmark after the last of the objects that were there when the watch began. */
const initialEndAnnotation = 'k8s.io/initial-events-end';

/** Reads a line of a watch; throws what an ERROR event tells, and on what is no event. */
export function readWatchEvent(line: unknown, what: string): WatchEvent {
  const { type, object } = isRecord(line) ? line : {};
  if (type === 'ERROR') throw errorOfStatus(object, { httpStatus: 500, what });
  if (type === 'BOOKMARK' && isRecord(object) && isRecord(object.metadata)) {
    const { resourceVersion, annotations } = object.metadata;
    const isInitialEnd = isRecord(annotations) && annotations[initialEndAnnotation] === 'true';
    return { kind: 'bookmark', resourceVersion: String(resourceVersion ?? ''), isInitialEnd };
  }
  if ((type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && isRawObject(object)) {
    return { kind: kinds[type], object };
  }
  throw new KubernetesError(`${what}: the stream holds an event that is none: ${String(type)}`, {
    status: 0,
    reason: clientReasons.badResponse,
    isRetryable: true,
  });
}
