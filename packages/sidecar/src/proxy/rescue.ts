/** The one exit of failures, of both sides: what becomes of them for the client, the access log and metrics. */
import type { TransportError } from '@tulle/http';
import { assertNever } from '@tulle/model';
import { type Failure, failures } from './failure.ts';
import type { ServedConnection } from './request-stack.ts';
import type { UpstreamFailure } from './upstream-connection.ts';

/** Sets status, flag and reason. The answer of a peer's sidecar is no failure here: it is passed on. */
export function rescue(connection: ServedConnection, failure: Failure, detail: string): void {
  connection.exchange.detail = detail;
  connection.answer(failure, detail);
}

/** What went wrong between here and the upstream. The transport's words go to the log, not to the client. */
export function rescueUpstream(connection: ServedConnection, failure: UpstreamFailure): void {
  connection.exchange.detail = failure.kind === 'connect' ? failure.error.message : '';
  connection.answer(failureOf(failure), '');
}

function failureOf(failure: UpstreamFailure): Failure {
  switch (failure.kind) {
    case 'connect':
      return failureOfConnect(failure.error);
    case 'protocol':
      return failures.upstreamProtocol;
    case 'closed':
      return failure.hasResponse ? failures.upstreamReset : failures.upstreamClosed;
    default:
      return assertNever(failure);
  }
}

/** Towards an application, in plain, there is neither identity nor handshake to fail. */
function failureOfConnect(error: TransportError): Failure {
  if (error.code === 'TRANSPORT_IDENTITY') return failures.identityMismatch;
  return error.phase === 'handshake' ? failures.handshakeFailed : failures.connectFailed;
}
