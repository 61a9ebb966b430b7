import type { MessageError } from '@tulle/http';

/**
 * Envoy's response flags, as far as they are used: NR no route or host, UH no endpoint, UF connect
 * failure, UC upstream closed, UO overflow, UT timeout, DC client gone, DPE protocol error, UPE the
 * upstream's protocol error, UR the upstream reset the stream.
 */
export type ResponseFlag = '' | 'NR' | 'UH' | 'UF' | 'UC' | 'UO' | 'UT' | 'DC' | 'DPE' | 'UPE' | 'UR';

/** Why a request is answered here: the catalogue of everything that the sidecar answers itself. */
export interface Failure {
  readonly status: number;
  readonly flag: ResponseFlag;
  /** The value of `x-tulle-reason`; stable. */
  readonly reason: string;
  readonly message: string;
  /** For `retry-after`, where it is known when to come again. */
  readonly retryAfterSeconds?: number;
}

/** With what is known of this one, for the log. */
export interface Outcome {
  readonly failure: Failure;
  readonly detail: string;
}

function failure(status: number, flag: ResponseFlag, reason: string, message: string): Failure {
  return { status, flag, reason, message };
}

export const failures = {
  unknownHost: failure(404, 'NR', 'unknown_host', 'no service of the mesh has this host name'),
  unknownPort: failure(404, 'NR', 'unknown_port', 'the service has no such port'),
  portNotAnnounced: failure(
    503,
    'NR',
    'port_not_announced',
    'no service leads to this port of the workload, or not yet',
  ),
  routeNotFound: failure(404, 'NR', 'route_not_found', 'routes are attached, and none of them matches'),
  invalidBackend: failure(500, 'NR', 'invalid_backend', 'the route names a backend that cannot be used'),
  noEndpoint: failure(503, 'UH', 'no_endpoint', 'the service has no ready endpoint'),
  discoveryTimeout: failure(503, 'NR', 'discovery_timeout', 'the control plane did not answer in time'),
  discoveryOverflow: failure(503, 'UO', 'discovery_overflow', 'too many requests wait for the control plane'),
  notReady: failure(503, 'NR', 'not_ready', 'this workload is not known to the mesh yet'),
  notCaptured: failure(
    0,
    'NR',
    'not_captured',
    'the connection dialled the sidecar itself, and is not for it',
  ),
  loop: failure(0, 'NR', 'loop', 'the destination is this sidecar itself'),
  outsideRefused: failure(0, 'NR', 'outside_refused', 'the mesh refuses destinations outside of it'),
  mtlsRequired: failure(0, 'NR', 'mtls_required', 'the port takes mutual TLS alone'),
  noIdentity: failure(503, 'UF', 'identity_not_ready', 'this workload has no certificate yet'),
  poolOverflow: failure(503, 'UO', 'pool_overflow', 'too many requests wait for this endpoint'),
  poolTimeout: failure(503, 'UO', 'pool_timeout', 'no connection to the endpoint became free in time'),
  connectFailed: failure(502, 'UF', 'connect_failed', 'the endpoint cannot be reached'),
  handshakeFailed: failure(502, 'UF', 'tls_handshake_failed', 'mutual TLS with the endpoint failed'),
  identityMismatch: failure(502, 'UF', 'peer_identity_mismatch', 'the endpoint has another identity'),
  upstreamClosed: failure(502, 'UC', 'upstream_closed', 'the endpoint closed without a response'),
  upstreamReset: failure(502, 'UC', 'upstream_reset', 'the endpoint broke off within its response'),
  upstreamProtocol: failure(502, 'UPE', 'upstream_protocol_error', 'the response is not valid HTTP'),
  upstreamStreamReset: failure(502, 'UR', 'upstream_stream_reset', 'the endpoint reset the stream'),
  upstreamRefused: failure(503, 'UR', 'upstream_refused', 'the endpoint takes no more streams'),
  connectUnsupported: failure(501, 'DPE', 'connect_unsupported', 'CONNECT is not served'),
  overloaded: {
    ...failure(503, 'UO', 'overloaded', 'the sidecar has more under way than it can hold'),
    retryAfterSeconds: 1,
  },
  overloadCut: failure(503, 'UO', 'overload_cut', 'memory is tight, and nobody took what waited'),
  streamIdle: failure(504, 'UT', 'stream_idle_timeout', 'no byte moved for too long'),
  downstreamClosed: failure(0, 'DC', 'downstream_closed', 'the client went away'),
  drained: failure(0, 'UC', 'drain_deadline', 'the sidecar stopped before the exchange was over'),
} as const satisfies Readonly<Record<string, Failure>>;

const badRequests = new Map<string, Failure>();

/** A request that the codec refuses. Codes are a fixed set, so that this is one too. */
export function badRequest({ code, status, reason }: MessageError): Failure {
  const known = badRequests.get(code);
  if (known !== undefined) return known;
  const made = failure(status, 'DPE', code.toLowerCase(), reason);
  badRequests.set(code, made);
  return made;
}
