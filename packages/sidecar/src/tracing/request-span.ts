/** A span as the request path sees it, which knows nothing of the libraries. */
import type { UpstreamEndpoint } from '../config/mesh-view.ts';
import type { ResponseFlag } from '../proxy/failure.ts';
import type { FieldWriter } from '../proxy/field-writer.ts';
import type { RequestText } from '../proxy/request-text.ts';

/** What a request is forwarded with, so that what follows belongs to the same trace. */
export interface TraceFields {
  writeTo(writer: FieldWriter): void;
}

/** An exchange that is over. */
export interface TracedExchange {
  readonly text: RequestText;
  readonly destination: string;
  readonly backend: string;
  readonly slot: { readonly endpoint: UpstreamEndpoint } | null;
  readonly code: number;
  readonly flag: ResponseFlag;
  readonly reason: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly appMajor: 1 | 2;
  readonly isGrpc: boolean;
  readonly grpcStatus: number;
}

export interface RequestSpan extends TraceFields {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** `peerIdentity`: the caller's, empty where it has none; null on the outbound side. */
  end(exchange: TracedExchange, peerIdentity: string | null): void;
}
