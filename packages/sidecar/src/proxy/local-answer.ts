import { type ServerStream, sendLocalResponse } from '@tulle/http';
import type { Exchange } from './exchange.ts';
import type { Failure } from './failure.ts';
import { grpcStatusOfHttp } from './grpc-status.ts';

/** An answer that is made here: why, for a program and for a person. Notes in `exchange` what was answered. */
export function sendLocalAnswer(
  stream: ServerStream,
  exchange: Exchange,
  { failure, detail }: { readonly failure: Failure; readonly detail: string },
): void {
  const text = detail === '' ? failure.message : `${failure.message}: ${detail}`;
  if (exchange.isGrpc) {
    sendGrpcAnswer(stream, exchange, { failure, text });
    return;
  }
  exchange.code = failure.status;
  const fields: [name: string, value: string][] = [
    ['content-type', 'text/plain; charset=utf-8'],
    ['x-tulle-reason', failure.reason],
  ];
  if (failure.retryAfterSeconds !== undefined)
    fields.push(['retry-after', String(failure.retryAfterSeconds)]);
  sendLocalResponse(stream, failure.status, fields, `${text}\n`);
}

/** Trailers only (gRPC over HTTP/2, "Responses"): gRPC tells its errors in fields, whatever the status. */
function sendGrpcAnswer(
  stream: ServerStream,
  exchange: Exchange,
  { failure, text }: { readonly failure: Failure; readonly text: string },
): void {
  exchange.code = 200;
  exchange.grpcStatus = grpcStatusOfHttp(failure.status);
  const fields = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(exchange.grpcStatus)],
    ['grpc-message', percentEncoded(text)],
    ['x-tulle-reason', failure.reason],
  ] as const;
  sendLocalResponse(stream, exchange.code, fields, '');
}

/** As gRPC has it: what is printable ASCII stays, but for the sign itself. */
function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
