/** When a request may be sent again: never where it may have been processed, unless that changes nothing. */
import type { ClientStream, RequestHead, StreamFailure } from '@tulle/http';
import type { RequestCopy } from './request-copy.ts';

/**
 * Whether a copy is worth keeping. A pooled HTTP/1.1 connection may be closing at this very moment, a fresh
 * one is not; an HTTP/2 peer may say that it has not processed a request, whatever its method.
 */
export function maySendAgain(head: RequestHead, upstream: ClientStream, httpMajor: 1 | 2): boolean {
  if (head.asksForTunnel) return false;
  return httpMajor === 2 || (upstream.isReused && isIdempotent(head));
}

/** Once: what was not processed, or may be processed twice and was sent whole. */
export function isSafeToSendAgain(copy: RequestCopy, failure: StreamFailure): boolean {
  if (copy.isReplayed) return false;
  if (failure.kind === 'refused') return true;
  const wasClosing = failure.kind === 'closed' && failure.isReused && !failure.hasResponse;
  return wasClosing && copy.isEnded && isIdempotent(copy.head);
}

const idempotent = new Set(['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

/** RFC 9110 section 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS, TRACE have the same effect however often. */
function isIdempotent(head: RequestHead): boolean {
  const { buffer, methodStart: at, methodEnd } = head;
  // GET needs no string.
  if (methodEnd - at === 3 && buffer[at] === 71 && buffer[at + 1] === 69 && buffer[at + 2] === 84)
    return true;
  return idempotent.has(head.method());
}
