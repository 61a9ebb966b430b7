import type { Query } from './resource-path.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  readonly accept?: string;
  /** For all attempts together; default 30 s. */
  readonly deadlineMs?: number;
  /** Of the response; default 64 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface WatchRequest {
  readonly path: string;
  readonly query: Query;
  readonly signal: AbortSignal;
  /** A function is asked whenever the time may be up: the start of a watch may have less patience than the rest. */
  readonly idleTimeoutMs: number | (() => number);
  readonly accept?: string;
  /** Called when the API server has accepted the watch, which may be long before the first line. */
  readonly onOpen?: () => void;
}
