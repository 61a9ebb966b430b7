/** Process plumbing that every program of the mesh shares. Knows nothing of meshes. */
export { healthPages, operatorPages } from './admin-pages.ts';
export {
  type AdminAnswer,
  type AdminPage,
  type AdminPages,
  type AdminRequest,
  AdminServer,
} from './admin-server.ts';
export { type BackoffOptions, backoffDelayMs } from './backoff.ts';
export { type Clock, type Random, systemClock } from './clock.ts';
export { type Component, type RunningComponents, startComponents } from './component.ts';
export { EnvReader } from './env.ts';
export { type ErrorSource, messageOf, TulleError } from './errors.ts';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  logLevels,
  silentLogger,
} from './logger.ts';
export { Counter, Gauge, Histogram, HistogramFamily, MetricsRegistry, SeriesFamily } from './metrics.ts';
export { Poller, type PollerOptions } from './poller.ts';
export { exitOnSignal } from './process.ts';
export { isWithoutNull, recordOf } from './record-of.ts';
export { type IndexValues, type IndexView, SecondaryIndex } from './secondary-index.ts';
export type { LabelValues, SeriesTable } from './series-table.ts';
export { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';
export { WORKER_INDEX_VARIABLE, WorkerGroup, type WorkerGroupOptions } from './worker-group.ts';
export { reportWorkerReady, type WorkerDetails, type WorkerProgram } from './worker-process.ts';
