/** When a request may be sent again: never where it may have been processed, unless that changes nothing. */
import type { ClientStream, RequestHead, ResponseHead, StreamFailure } from '@tulle/http';
import { type Failure, failures } from './failure.ts';
import type { RequestCopy } from './request-copy.ts';

/** A request that an endpoint has not answered, and that might be sent again. */
export interface Loss {
  /** Nothing of it was processed, whatever it is. Else only an idempotent one may be sent again, and once. */
  readonly isUnprocessed: boolean;
  /** Nothing can be sent there for now. */
  readonly isUnreachable: boolean;
  /** Where there is no other endpoint, this one may be asked again. */
  readonly mayStay: boolean;
  /** What the endpoint's sidecar said; null where there was no answer. */
  readonly told: Failure | null;
}

const unreachable: Loss = { isUnprocessed: true, isUnreachable: true, mayStay: false, told: null };
const refused: Loss = { isUnprocessed: true, isUnreachable: false, mayStay: true, told: null };
/** A pooled connection may have been closing at this very moment; a fresh one was not. */
const closedReused: Loss = { isUnprocessed: false, isUnreachable: false, mayStay: true, told: null };
const closedFresh: Loss = { isUnprocessed: false, isUnreachable: false, mayStay: false, told: null };

/** Whether a copy is worth keeping. */
export function maySendAgain(head: RequestHead, upstream: ClientStream, httpMajor: 1 | 2): boolean {
  // Over HTTP/1.1, an endpoint that was reached has processed the request for all we can know.
  return httpMajor === 2 || !upstream.isReused || (!head.asksForTunnel && isIdempotent(head));
}

export function lossOf(failure: StreamFailure): Loss | null {
  switch (failure.kind) {
    case 'connect':
      return unreachable;
    case 'refused':
      return refused;
    case 'closed':
      if (failure.hasResponse) return null;
      return failure.isReused ? closedReused : closedFresh;
    default:
      return null;
  }
}

/** What a peer's sidecar says of its application, by `x-tulle-reason`, which no application can say. */
const lossesOfPeers: ReadonlyMap<string, Loss> = new Map(
  [
    { ...unreachable, told: failures.connectFailed },
    { ...unreachable, told: failures.portNotAnnounced },
    { ...refused, mayStay: false, told: failures.upstreamRefused },
    { ...closedFresh, told: failures.upstreamClosed },
  ].map((loss) => [loss.told.reason, loss]),
);

/** `isGrpcError`: a response of a head alone to a call of gRPC, whose status is 200 whatever went wrong. */
export function lossOfAnswer(head: ResponseHead, isGrpcError: boolean): Loss | null {
  if (head.status !== 502 && head.status !== 503 && !isGrpcError) return null;
  const index = head.find('x-tulle-reason');
  return index < 0 ? null : (lossesOfPeers.get(head.value(index)) ?? null);
}

/** A request that may have been processed must have been sent whole, and be harmless to repeat. */
export function isSafeToSendAgain(copy: RequestCopy, { isUnprocessed }: Loss): boolean {
  return isUnprocessed || (copy.isEnded && !copy.head.asksForTunnel && isIdempotent(copy.head));
}

const idempotent = new Set(['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

/** RFC 9110 section 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS, TRACE have the same effect however often. */
export function isIdempotent(head: RequestHead): boolean {
  const { buffer, methodStart: at, methodEnd } = head;
  // GET needs no string.
  if (methodEnd - at === 3 && buffer[at] === 71 && buffer[at + 1] === 69 && buffer[at + 2] === 84)
    return true;
  return idempotent.has(head.method());
}
