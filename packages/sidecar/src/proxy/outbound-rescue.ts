import type { TransportError } from '@tulle/http';
import { assertNever } from '@tulle/model';
import { type Failure, failures } from './failure.ts';
import type { ServedConnection } from './request-stack.ts';
import type { UpstreamFailure } from './upstream-connection.ts';

/** The one exit of the outbound side's failures: sets status, flag and reason, for application and log. */
export function rescueOutbound(connection: ServedConnection, failure: Failure, detail: string): void {
  connection.exchange.detail = detail;
  connection.answer(failure, detail);
}

/** What went wrong between here and the peer. The transport's words go to the log, not to the application. */
export function rescueOutboundUpstream(connection: ServedConnection, failure: UpstreamFailure): void {
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

function failureOfConnect(error: TransportError): Failure {
  if (error.code === 'TRANSPORT_IDENTITY') return failures.identityMismatch;
  return error.phase === 'handshake' ? failures.handshakeFailed : failures.connectFailed;
}
