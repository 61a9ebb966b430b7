import type { RunningComponents } from './component.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

/**
 * Ends the process in order on SIGTERM or SIGINT: stops the components within `graceMs`, then exits 0;
 * a second signal exits at once, and so does the first while they are still starting: a container's first process
 * that has no handler yet would not hear it at all. An error that nothing handled is logged and ends the process
 * with 1, since what state it left is unknown.
 */
export function exitOnSignal(
  starting: RunningComponents | Promise<RunningComponents>,
  options: { graceMs: number; logger: Logger },
): void {
  let running: RunningComponents | null = null;
  Promise.resolve(starting).then(
    (started) => {
      running = started;
    },
    // Whoever started it tells why it did not start.
    () => {},
  );
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(130);
    isStopping = true;
    options.logger.info('stopping', { signal, graceMs: options.graceMs });
    if (running === null) process.exit(0);
    running.stop(options.graceMs).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const onFault = (kind: string) => (thrown: unknown) => {
    options.logger.error(kind, {
      reason: messageOf(thrown),
      stack: thrown instanceof Error ? thrown.stack : null,
    });
    process.exit(1);
  };
  process.on('uncaughtException', onFault('uncaught exception'));
  process.on('unhandledRejection', onFault('unhandled rejection'));
}
