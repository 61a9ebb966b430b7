import type { RunningComponents } from './component.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

/**
 * Ends the process in order on SIGTERM or SIGINT: stops the components within `graceMs`, then exits 0;
 * a second signal exits at once. An error that nothing handled is logged and ends the process with 1,
 * since what state it left is unknown.
 */
export function exitOnSignal(running: RunningComponents, options: { graceMs: number; logger: Logger }): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(130);
    isStopping = true;
    options.logger.info('stopping', { signal, graceMs: options.graceMs });
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
