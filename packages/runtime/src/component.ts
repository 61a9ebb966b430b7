import type { Clock } from './clock.ts';
import { messageOf, TulleError } from './errors.ts';
import type { Logger } from './logger.ts';

/** What starts can stop. `stop` is called once, after a `start` that succeeded, and drains until the deadline. */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** `deadlineMs` is how long it may take; what is left then is cut off. */
  stop(deadlineMs: number): Promise<void>;
}

export interface RunningComponents {
  /** Stops in reverse order; resolves when all have stopped or the deadline has passed. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Starts components in order. When one fails, those that stand are stopped again and the failure is thrown.
 */
export async function startComponents(
  components: readonly Component[],
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<RunningComponents> {
  const started: Component[] = [];
  const running = { stop: (deadlineMs: number) => stopAll(started, deadlineMs, clock, logger) };
  for (const component of components) {
    try {
      await component.start();
    } catch (cause) {
      await running.stop(5_000);
      throw new TulleError('COMPONENT_START', `${component.name} did not start: ${messageOf(cause)}`, {
        source: 'internal',
        cause,
      });
    }
    started.push(component);
    logger.debug('component started', { component: component.name });
  }
  return running;
}

async function stopAll(
  started: Component[],
  deadlineMs: number,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  const endMs = clock.monotonicMs() + deadlineMs;
  while (started.length > 0) {
    const component = started.pop()!;
    const leftMs = Math.max(0, endMs - clock.monotonicMs());
    let cancel = () => {};
    const timeout = new Promise<'timeout'>((resolve) => {
      // Kept alive on purpose: a stop that hangs must still end the process.
      const timer = setTimeout(() => resolve('timeout'), leftMs + 500);
      cancel = () => clearTimeout(timer);
    });
    try {
      const outcome = await Promise.race([component.stop(leftMs), timeout]);
      if (outcome === 'timeout') logger.warn('component did not stop in time', { component: component.name });
    } catch (thrown) {
      logger.error('component failed to stop', { component: component.name, reason: messageOf(thrown) });
    } finally {
      cancel();
    }
  }
}
