/** What spans say, by OpenTelemetry's semantic conventions for HTTP and RPC; what they have no name for is `tulle.*`. */
import { type Attributes, type SpanStatus, SpanStatusCode } from '@opentelemetry/api';
import type { RequestHead } from '@tulle/http';
import type { TracedExchange } from './request-span.ts';

export interface TracedWorkload {
  /** The owner's name. */
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
}

const MAX_NAME = 256;

/** The span's name: low in cardinality, hence no path but that of gRPC, which is the method's full name. */
export function describeStart(head: RequestHead): string {
  const isGrpc = head.get('content-type')?.startsWith('application/grpc') === true;
  return isGrpc ? head.path().slice(1, MAX_NAME) : head.method().slice(0, MAX_NAME);
}

export function describeEnd(
  direction: 'inbound' | 'outbound',
  exchange: TracedExchange,
  peerIdentity: string | null,
): { attributes: Attributes; status: SpanStatus | null } {
  const isError = hasFailed(direction, exchange);
  const attributes = {
    ...requestAttributes(exchange),
    ...responseAttributes(exchange),
    ...peerAttributes(exchange, peerIdentity),
    ...(isError ? { 'error.type': errorTypeOf(exchange) } : {}),
  };
  return { attributes, status: isError ? { code: SpanStatusCode.ERROR, message: exchange.reason } : null };
}

function requestAttributes(exchange: TracedExchange): Attributes {
  const { text, appMajor, isGrpc } = exchange;
  const [path = ''] = text.path.split('?', 1);
  const authority = /^(.*?)(?::(\d{1,5}))?$/.exec(text.authority);
  return {
    'http.request.method': text.method,
    'url.scheme': 'http',
    // Without the query, which may hold what is nobody's business.
    'url.path': path,
    'server.address': authority?.[1] ?? '',
    ...(authority?.[2] === undefined ? {} : { 'server.port': Number(authority[2]) }),
    'network.protocol.name': 'http',
    'network.protocol.version': appMajor === 1 ? '1.1' : '2',
    ...(isGrpc ? { 'rpc.system': 'grpc' } : {}),
    'http.request.body.size': exchange.requestBytes,
    ...(text.requestId === '' ? {} : { 'tulle.request_id': text.requestId }),
  };
}

function responseAttributes({ code, grpcStatus, responseBytes, flag, reason }: TracedExchange): Attributes {
  return {
    ...(code === 0 ? {} : { 'http.response.status_code': code }),
    'http.response.body.size': responseBytes,
    ...(grpcStatus < 0 ? {} : { 'rpc.grpc.status_code': grpcStatus }),
    ...(flag === '' ? {} : { 'tulle.response_flag': flag }),
    ...(reason === '' ? {} : { 'tulle.reason': reason }),
  };
}

function peerAttributes(
  { slot, destination, backend }: TracedExchange,
  peerIdentity: string | null,
): Attributes {
  if (peerIdentity !== null) {
    return { 'tulle.peer.identity': peerIdentity, 'tulle.security': peerIdentity === '' ? 'plain' : 'mtls' };
  }
  const names = { 'tulle.destination': destination, 'tulle.backend': backend };
  if (slot === null) return names;
  const { address, port, mesh, workload } = slot.endpoint;
  return {
    ...names,
    'network.peer.address': address,
    'network.peer.port': port,
    'tulle.peer.workload': workload,
    'tulle.peer.identity': mesh?.spiffeId ?? '',
    'tulle.security': mesh === null ? 'plain' : 'mtls',
  };
}

/** Statuses of gRPC that are the server's fault. */
const serverFaults = new Set([2, 4, 12, 13, 14, 15]);

/** A client's span fails by what the client did wrong too, a server's only by what the server did. */
function hasFailed(direction: 'inbound' | 'outbound', { code, grpcStatus, flag }: TracedExchange): boolean {
  if (flag !== '' || code === 0) return true;
  if (grpcStatus > 0) return direction === 'outbound' || serverFaults.has(grpcStatus);
  return code >= (direction === 'outbound' ? 400 : 500);
}

function errorTypeOf({ code, grpcStatus, reason }: TracedExchange): string {
  if (reason !== '') return reason;
  return grpcStatus > 0 ? `grpc_${grpcStatus}` : String(code);
}
