import type { Clock, MetricsRegistry } from '@tulle/runtime';
import type { RequestMetrics } from '../metrics.ts';
import { AccessLog } from './access-log.ts';
import { BoundedLines, writeStdout } from './bounded-lines.ts';
import type { AccessLogFormat } from './settings.ts';

export interface OpenAccessLogOptions {
  readonly format: AccessLogFormat;
  readonly clock: Clock;
  readonly metrics: RequestMetrics;
  readonly registry: MetricsRegistry;
  /** Takes each line instead of standard output. */
  readonly write: ((line: string) => void) | undefined;
}

export interface OpenAccessLog {
  readonly accessLog: AccessLog;
  /** Until its lines are written, or the deadline. */
  flush(deadlineMs: number): Promise<void>;
}

/** Above it, lines are dropped: some thousand. */
const MAX_WAITING_BYTES = 1024 * 1024;

export function openAccessLog({
  format,
  clock,
  metrics,
  registry,
  write,
}: OpenAccessLogOptions): OpenAccessLog {
  const dropped = registry
    .counter(
      'tulle_access_log_dropped_total',
      'Lines of the access log dropped because its reader is slow, or more fails than `errors` tells of.',
    )
    .with();
  const onDropped = () => dropped.inc();
  const lines = new BoundedLines({
    maxWaitingBytes: MAX_WAITING_BYTES,
    write: writeStdout,
    onDropped,
    schedule: (delayMs, task) => void clock.schedule(delayMs, task),
  });
  return {
    accessLog: new AccessLog({
      format,
      clock,
      own: () => metrics.own,
      write: write ?? lines.write,
      onOmitted: onDropped,
    }),
    flush: (deadlineMs) =>
      Promise.race([lines.flush(), new Promise<void>((resolve) => void clock.schedule(deadlineMs, resolve))]),
  };
}
