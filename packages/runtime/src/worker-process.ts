import { type ChildProcess, fork } from 'node:child_process';
import { messageOf } from './errors.ts';

/** What a worker says of itself when it is ready: where it can be asked, say. */
export type WorkerDetails = Readonly<Record<string, string | number>>;

/** What a worker sends to its parent, once. */
interface ReadyMessage {
  readonly ready: WorkerDetails;
}

/** What a parent sends now and then, and its answer: a loop that turns. */
const ping = 'ping';
const pong = 'pong';

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
  /** Null until it is ready. */
  details: WorkerDetails | null = null;
  isGone = false;
  /** Pings since its last answer. */
  unanswered = 0;
  readonly #child: ChildProcess;

  constructor(program: WorkerProgram, startedMs: number) {
    this.startedMs = startedMs;
    this.#child = fork(program.program, program.args, {
      env: { ...program.env },
      // Not of the terminal's group: an interrupt would reach it beside the one that the parent passes on.
      detached: true,
    });
  }

  get isReady(): boolean {
    return this.details !== null;
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
      if (message === pong) {
        this.unanswered = 0;
        return;
      }
      const ready = (message as Partial<ReadyMessage> | null)?.ready;
      if (typeof ready !== 'object' || this.isReady) return;
      this.details = ready;
      onReady();
    });
    this.#child.once('exit', (code, signal) => leave({ code, signal, reason: null }));
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) leave({ code: null, signal: null, reason: messageOf(error) });
    });
  }

  /** Asks whether it still answers. */
  ping(): void {
    if (this.isGone) return;
    this.unanswered++;
    // Gone meanwhile: 'exit' tells.
    this.#child.send(ping, () => {});
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.isGone) this.#child.kill(signal);
  }
}

/**
 * For the program of a worker, once it serves: tells the parent, and answers its pings from now on. When the parent is gone, the worker gets
 * SIGTERM, which is how it would have been told to end. Does nothing in a process that is no worker.
 */
export function reportWorkerReady(details: WorkerDetails = {}): void {
  if (process.send === undefined) return;
  const end = () => void process.kill(process.pid, 'SIGTERM');
  if (!process.connected) {
    end();
    return;
  }
  process.once('disconnect', end);
  process.on('message', (message) => {
    if (message === ping) process.send?.(pong, undefined, undefined, () => {});
  });
  // The listeners alone must not keep the process alive.
  process.channel?.unref();
  // Gone meanwhile: 'disconnect' tells.
  const message: ReadyMessage = { ready: details };
  process.send(message, undefined, undefined, () => {});
}
