import { type ChildProcess, fork } from 'node:child_process';
import { messageOf } from './errors.ts';

/** What a worker sends to its parent, once. */
const READY_MESSAGE = 'ready';

export interface WorkerProgram {
  /** Path of the module that a worker runs, with this process's node and its flags. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly reason: string | null;
}

/** One child process of a WorkerGroup. */
export class WorkerProcess {
  readonly startedMs: number;
  isReady = false;
  isGone = false;
  readonly #child: ChildProcess;

  constructor(program: WorkerProgram, startedMs: number) {
    this.startedMs = startedMs;
    this.#child = fork(program.program, program.args, {
      env: { ...program.env },
      // Not of the terminal's group: an interrupt would reach it beside the one that the parent passes on.
      detached: true,
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Calls one or the other, or first the one and then the other. */
  watch(onReady: () => void, onExit: (exit: WorkerExit) => void): void {
    const leave = (exit: WorkerExit) => {
      if (this.isGone) return;
      this.isGone = true;
      onExit(exit);
    };
    this.#child.on('message', (message) => {
      if (message !== READY_MESSAGE || this.isReady) return;
      this.isReady = true;
      onReady();
    });
    this.#child.once('exit', (code, signal) => leave({ code, signal, reason: null }));
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) leave({ code: null, signal: null, reason: messageOf(error) });
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.isGone) this.#child.kill(signal);
  }
}

/**
 * For the program of a worker, once it serves: tells the parent. When the parent is gone, the worker gets
 * SIGTERM, which is how it would have been told to end. Does nothing in a process that is no worker.
 */
export function reportWorkerReady(): void {
  if (process.send === undefined) return;
  const end = () => void process.kill(process.pid, 'SIGTERM');
  if (!process.connected) {
    end();
    return;
  }
  process.once('disconnect', end);
  // The listener alone must not keep the process alive.
  process.channel?.unref();
  // Gone meanwhile: 'disconnect' tells.
  process.send(READY_MESSAGE, undefined, undefined, () => {});
}
