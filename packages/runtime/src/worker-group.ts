/**
 * A program in several processes, for one that is given more than one core: each worker listens on the
 * same port with SO_REUSEPORT, so that the kernel spreads connections, and none depends on another.
 *
 * The program runs as its own worker: without WORKER_INDEX_VARIABLE in its environment and with more than
 * one worker wanted it starts a group, else it serves and calls reportWorkerReady(). One worker needs no
 * group, and no further process.
 */
import { type BackoffOptions, backoffDelayMs } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import type { Component } from './component.ts';
import { TulleError } from './errors.ts';
import type { Logger } from './logger.ts';
import { type WorkerDetails, type WorkerExit, WorkerProcess, type WorkerProgram } from './worker-process.ts';

/** In a worker's environment: its index, from 0. It keeps it over restarts. */
export const WORKER_INDEX_VARIABLE = 'TULLE_WORKER_INDEX';

export interface WorkerGroupOptions extends WorkerProgram {
  readonly name: string;
  /** At least 1. */
  readonly count: number;
  /** For a worker to call reportWorkerReady(). After: it is killed, as if it had died. */
  readonly readyTimeoutMs: number;
  readonly heartbeat: HeartbeatOptions;
  readonly backoff: BackoffOptions;
  /** A worker that served as long is restarted with the shortest back-off again. */
  readonly stableMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * How a worker is noticed that hangs: a loop that never ends, a stopped process. Counted in pings, not in time, so
 * that a parent that was itself held up blames nobody.
 */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** Pings in a row without an answer. After: it is killed, as if it had died. */
  readonly maxUnanswered: number;
}

interface Slot {
  readonly index: number;
  worker: WorkerProcess | null;
  /** Deaths in a row, none of which came after `stableMs`. */
  attempts: number;
  cancel: () => void;
}

export class WorkerGroup implements Component {
  readonly name: string;
  /** Workers that died and were started again. */
  restarts = 0;
  readonly #options: WorkerGroupOptions;
  readonly #slots: readonly Slot[];
  #state: 'new' | 'starting' | 'running' | 'stopping' = 'new';
  #exitCode = 0;
  #keepAlive: NodeJS.Timeout | undefined;
  readonly #started = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();

  constructor(options: WorkerGroupOptions) {
    if (options.count < 1) throw new RangeError('a worker group has at least one worker');
    this.name = options.name;
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      index,
      worker: null,
      attempts: 0,
      cancel: () => {},
    }));
  }

  get readyCount(): number {
    return this.#slots.filter(({ worker }) => worker?.isReady === true).length;
  }

  /** What each worker has said of itself, by index; null where it is not ready. */
  get details(): readonly (WorkerDetails | null)[] {
    return this.#slots.map(({ worker }) => worker?.details ?? null);
  }

  /** Pings that each worker has not answered, by index. */
  get unanswered(): readonly number[] {
    return this.#slots.map(({ worker }) => worker?.unanswered ?? 0);
  }

  get pids(): readonly number[] {
    return this.#slots.flatMap(({ worker }) => worker?.pid ?? []);
  }

  /** What this process should exit with after stop(): 1 where a worker did not end in order. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /**
   * Resolves once every worker is ready. A worker that ends before, or is not ready in time, fails the
   * start with `WORKER_START`: what is wrong then is wrong with all of them.
   */
  async start(): Promise<void> {
    this.#state = 'starting';
    // Timers of the clock do not keep a process alive, and between two lives of the workers nothing else may.
    this.#keepAlive = setInterval(() => {}, 2 ** 30);
    for (const slot of this.#slots) this.#launch(slot);
    try {
      await this.#started.promise;
    } catch (cause) {
      if (!this.#isStopping()) await this.stop(0);
      throw cause;
    }
    this.#state = 'running';
  }

  /** SIGTERM to all, SIGKILL after the deadline; resolves when all have ended. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    if (!this.#isStopping()) {
      if (this.#state === 'starting') this.#started.reject(stoppedError(this.name));
      this.#state = 'stopping';
      for (const slot of this.#slots) slot.cancel();
      this.signal('SIGTERM');
      this.#settleStop();
    }
    const cancel = clock.schedule(deadlineMs, () => this.signal('SIGKILL'));
    await this.#stopped.promise;
    cancel();
  }

  /** Passes a signal on to every worker that lives. */
  signal(signal: NodeJS.Signals): void {
    for (const { worker } of this.#slots) worker?.signal(signal);
  }

  #launch(slot: Slot): void {
    const { program, args, env, clock, readyTimeoutMs } = this.#options;
    const workerEnv = { ...env, [WORKER_INDEX_VARIABLE]: String(slot.index) };
    const worker = new WorkerProcess({ program, args, env: workerEnv }, clock.monotonicMs());
    slot.worker = worker;
    slot.cancel = clock.schedule(readyTimeoutMs, () => worker.signal('SIGKILL'));
    worker.watch(
      () => this.#ready(slot, worker),
      (exit) => this.#exited(slot, worker, exit),
    );
  }

  #ready(slot: Slot, worker: WorkerProcess): void {
    if (this.#isStopping()) return;
    slot.cancel();
    this.#options.logger.info('worker ready', this.#fields(slot, worker));
    if (this.#state === 'starting' && this.readyCount === this.#slots.length) this.#started.resolve();
    this.#pingLater(slot, worker);
  }

  #pingLater(slot: Slot, worker: WorkerProcess): void {
    const { heartbeat, clock, logger } = this.#options;
    slot.cancel = clock.schedule(heartbeat.intervalMs, () => {
      if (worker.unanswered >= heartbeat.maxUnanswered) {
        logger.error('worker hangs; killed', {
          ...this.#fields(slot, worker),
          unanswered: worker.unanswered,
        });
        worker.signal('SIGKILL');
        return;
      }
      worker.ping();
      this.#pingLater(slot, worker);
    });
  }

  #exited(slot: Slot, worker: WorkerProcess, exit: WorkerExit): void {
    slot.cancel();
    slot.worker = null;
    const fields = { ...this.#fields(slot, worker), ...exit };
    if (this.#isStopping()) {
      if (exit.code !== 0) this.#exitCode = 1;
      this.#options.logger.info('worker ended', fields);
      this.#settleStop();
      return;
    }
    this.#options.logger.warn('worker died', fields);
    if (this.#state === 'starting') this.#started.reject(startError(this.name, slot.index, exit));
    else this.#restartLater(slot, worker);
  }

  #restartLater(slot: Slot, worker: WorkerProcess): void {
    const { clock, random, backoff, stableMs } = this.#options;
    if (worker.isReady && clock.monotonicMs() - worker.startedMs >= stableMs) slot.attempts = 0;
    const delayMs = backoffDelayMs(slot.attempts, backoff, random);
    slot.attempts++;
    slot.cancel = clock.schedule(delayMs, () => {
      this.restarts++;
      this.#launch(slot);
    });
  }

  #isStopping(): boolean {
    return this.#state === 'stopping';
  }

  #settleStop(): void {
    if (this.#slots.some(({ worker }) => worker !== null)) return;
    clearInterval(this.#keepAlive);
    this.#stopped.resolve();
  }

  #fields(slot: Slot, worker: WorkerProcess): Record<string, unknown> {
    return { group: this.name, worker: slot.index, pid: worker.pid, ready: this.readyCount };
  }
}

function startError(name: string, index: number, exit: WorkerExit): TulleError {
  const how = exit.reason ?? (exit.signal === null ? `code ${exit.code}` : exit.signal);
  const message = `worker ${index} of ${name} ended before it was ready (${how}): its own output says why`;
  return new TulleError('WORKER_START', message, { source: 'internal' });
}

function stoppedError(name: string): TulleError {
  return new TulleError('WORKER_START', `${name} was stopped before its workers were ready`, {
    source: 'internal',
  });
}
