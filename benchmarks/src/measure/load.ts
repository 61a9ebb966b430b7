export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers that were not 2xx or 3xx, and broken exchanges: more than none spoils the run. */
  readonly failed: number;
  /** CPU of what is under measurement, where the load could tell when to begin. */
  readonly cpuUs?: number;
}

export interface LoadOptions {
  readonly url: string;
  /** The Host header, where it is not the URL's. */
  readonly host?: string;
  readonly connections: number;
  /** Concurrent requests on each connection; HTTP/1.1 has one. */
  readonly streams: number;
  readonly seconds: number;
  readonly core: number;
  /** Of the processes under measurement. */
  readonly pids: readonly number[];
  /** For the load's own files. */
  readonly folder: string;
}
