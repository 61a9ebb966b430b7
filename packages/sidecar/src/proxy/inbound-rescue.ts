import { assertNever } from '@tulle/model';
import { type Failure, failures } from './failure.ts';
import type { ServedConnection } from './request-stack.ts';
import type { UpstreamFailure } from './upstream-connection.ts';

/** The one exit of the inbound side's failures. The peer's sidecar passes the answer on, reason and all. */
export function rescueInbound(connection: ServedConnection, failure: Failure, detail: string): void {
  connection.exchange.detail = detail;
  connection.answer(failure, detail);
}

/** What went wrong between here and the local application. */
export function rescueInboundUpstream(connection: ServedConnection, failure: UpstreamFailure): void {
  connection.exchange.detail = failure.kind === 'connect' ? failure.error.message : '';
  connection.answer(failureOf(failure), '');
}

function failureOf(failure: UpstreamFailure): Failure {
  switch (failure.kind) {
    case 'connect':
      return failures.connectFailed;
    case 'protocol':
      return failures.upstreamProtocol;
    case 'closed':
      return failure.hasResponse ? failures.upstreamReset : failures.upstreamClosed;
    default:
      return assertNever(failure);
  }
}
