/** The one exit of failures, of both sides: what becomes of them for the client, the access log and metrics. */
import type { StreamFailure, TransportError } from '@tulle/http';
import { assertNever } from '@tulle/model';
import { type Failure, failures, type Outcome } from './failure.ts';
import type { ServedRequest } from './request-stack.ts';

/** Sets status, flag and reason. The answer of a peer's sidecar is no failure here: it is passed on. */
export function rescue(request: ServedRequest, failure: Failure, detail: string): void {
  request.exchange.detail = detail;
  request.answer(failure, detail);
}

/** The failure of a connection that could not be made, and the words for it. */
export function outcomeOf(failure: StreamFailure): Outcome {
  return { failure: failureOf(failure), detail: detailOf(failure) };
}

/** What went wrong between here and the upstream. The codec's words go to the log, not to the client. */
export function rescueUpstream(request: ServedRequest, failure: StreamFailure): void {
  const outcome = outcomeOf(failure);
  request.exchange.detail = outcome.detail;
  request.answer(outcome.failure, '');
}

function detailOf(failure: StreamFailure): string {
  switch (failure.kind) {
    case 'connect':
      return failure.error.message;
    case 'protocol':
      return failure.error.reason;
    case 'reset':
      return `HTTP/2 error code ${failure.code}`;
    default:
      return '';
  }
}

function failureOf(failure: StreamFailure): Failure {
  switch (failure.kind) {
    case 'connect':
      return failureOfConnect(failure.error);
    case 'protocol':
      return failures.upstreamProtocol;
    case 'refused':
      return failures.upstreamRefused;
    case 'reset':
      return failures.upstreamStreamReset;
    case 'closed':
      return failure.hasResponse ? failures.upstreamReset : failures.upstreamClosed;
    default:
      return assertNever(failure);
  }
}

/** Towards an application, in plain, there is neither identity nor handshake to fail. */
export function failureOfConnect(error: TransportError): Failure {
  if (error.code === 'TRANSPORT_IDENTITY') return failures.identityMismatch;
  return error.phase === 'handshake' ? failures.handshakeFailed : failures.connectFailed;
}
