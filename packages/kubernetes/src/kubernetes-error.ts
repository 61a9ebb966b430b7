import { type ErrorSource, TulleError } from '@tulle/runtime';
import { isRecord } from './raw-object.ts';

export interface KubernetesErrorOptions {
  /** HTTP status; 0 where there was no response. */
  readonly status: number;
  /** Kubernetes' own (NotFound, Conflict, AlreadyExists, Expired, Forbidden, ...) or one of `clientReasons`. */
  readonly reason: string;
  readonly retryAfterMs?: number | null;
  readonly source?: ErrorSource;
  readonly isRetryable?: boolean;
  readonly cause?: unknown;
}

/** Reasons of this client's own, where the API server has given none. */
export const clientReasons = {
  unreachable: 'Unreachable',
  /** A connection kept from an earlier request turned out to be closed. */
  stale: 'StaleConnection',
  timeout: 'DeadlineExceeded',
  aborted: 'Aborted',
  tooLarge: 'ResponseTooLarge',
  badResponse: 'BadResponse',
  credentials: 'Credentials',
  idle: 'Idle',
} as const;

/** Who is told to stay away for longer asks after so long: it may have been a proxy's mistake. */
const maxRetryAfterMs = 5 * 60_000;

/** Statuses after which the same request may succeed later without anything being changed. */
const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** A request to the API server that failed. Its code is the reason in capitals: `KUBERNETES_NOT_FOUND`. */
export class KubernetesError extends TulleError {
  readonly status: number;
  readonly reason: string;
  /** How long the API server asked to wait; null: it did not. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: KubernetesErrorOptions) {
    const { status, reason } = options;
    super(codeOf(reason), message, {
      source: options.source ?? 'upstream',
      isRetryable: options.isRetryable ?? retryableStatuses.has(status),
      cause: options.cause,
    });
    this.name = 'KubernetesError';
    this.status = status;
    this.reason = reason;
    const retryAfterMs = options.retryAfterMs ?? null;
    this.retryAfterMs = retryAfterMs === null ? null : Math.min(retryAfterMs, maxRetryAfterMs);
  }
}

/** The error that a Status object tells of, be it the body of a response or in a watch's stream. */
export function errorOfStatus(
  body: unknown,
  { httpStatus, what, retryAfterMs = null }: StatusContext,
): KubernetesError {
  const status = isRecord(body) && body.kind === 'Status' ? body : {};
  const code = typeof status.code === 'number' ? status.code : httpStatus;
  const reason = typeof status.reason === 'string' && status.reason !== '' ? status.reason : reasonOf(code);
  const text = typeof status.message === 'string' ? shorten(status.message) : `HTTP status ${code}`;
  const details = isRecord(status.details) ? status.details : {};
  const seconds = typeof details.retryAfterSeconds === 'number' ? details.retryAfterSeconds : null;
  return new KubernetesError(`${what}: ${text}${hintFor(code)}`, {
    status: code,
    reason: isTooLargeVersion(details) ? 'ResourceVersionTooLarge' : reason,
    retryAfterMs: retryAfterMs ?? (seconds === null || seconds <= 0 ? null : 1_000 * seconds),
  });
}

export interface StatusContext {
  readonly httpStatus: number;
  /** The request: `GET /api/v1/pods`. */
  readonly what: string;
  readonly retryAfterMs?: number | null;
}

/** The resource version that was asked for lies before what the API server still has. */
export function isExpired(thrown: unknown): boolean {
  return (
    thrown instanceof KubernetesError &&
    (thrown.status === 410 || thrown.reason === 'Expired' || thrown.reason === 'Gone')
  );
}

/** The API server does not have yet what another one, or an earlier life, told of. */
function isTooLargeVersion(details: Readonly<Record<string, unknown>>): boolean {
  const causes = Array.isArray(details.causes) ? details.causes : [];
  return causes.some((cause) => isRecord(cause) && cause.reason === 'ResourceVersionTooLarge');
}

function codeOf(reason: string): string {
  return `KUBERNETES_${reason.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}`;
}

function reasonOf(status: number): string {
  const known: Readonly<Record<number, string>> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Conflict',
    410: 'Gone',
    422: 'Invalid',
    429: 'TooManyRequests',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  };
  return known[status] ?? (status >= 500 ? 'InternalError' : 'Unknown');
}

function hintFor(status: number): string {
  if (status === 401)
    return ' (the credentials are not accepted: check the kubeconfig, or the token of the pod)';
  if (status === 403) return " (the role of this program's service account lacks it: see `tulle check`)";
  return '';
}

function shorten(message: string): string {
  return message.length <= 2_000 ? message : `${message.slice(0, 2_000)}...`;
}
