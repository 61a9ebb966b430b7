import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

/** A program to run with Node, and what it is called. */
export interface ProgramSpec {
  readonly name: string;
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface RunningProgram {
  readonly name: string;
  readonly pid: number;
  /** Settles when the process has ended, with how. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

interface Child extends RunningProgram {
  readonly process: ChildProcess;
  readonly lastLines: string[];
  /** Set where its end was asked for, so that it is no fault. */
  isEndExpected: boolean;
  hasEnded: boolean;
}

const linesKept = 15;

/**
 * The processes of a demo. Whatever way the demo ends, none of them outlives it: `stopAll` ends them in
 * order, and `killAllNow` is for the exit hook, where nothing can be awaited.
 */
export class Processes {
  readonly #children: Child[] = [];
  readonly #logDirectory: string;
  readonly #baseEnv: Readonly<Record<string, string>>;
  readonly #onUnexpectedEnd: (fault: Error) => void;
  #isStopping = false;

  constructor(options: {
    readonly logDirectory: string;
    readonly baseEnv: Readonly<Record<string, string>>;
    /** A child ended that nobody had asked to. The error tells its last lines. */
    readonly onUnexpectedEnd: (fault: Error) => void;
  }) {
    this.#logDirectory = options.logDirectory;
    this.#baseEnv = options.baseEnv;
    this.#onUnexpectedEnd = options.onUnexpectedEnd;
    mkdirSync(this.#logDirectory, { recursive: true });
  }

  get count(): number {
    return this.#children.filter(({ hasEnded }) => !hasEnded).length;
  }

  start({ name, path, env }: ProgramSpec): RunningProgram {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path], {
      env: { ...this.#baseEnv, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(this.#logDirectory, `${name}.log`));
    const lastLines: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => keep(chunk, log, lastLines));
    child.stderr.on('data', (chunk: Buffer) => keep(chunk, log, lastLines));
    const ended = new Promise<string>((resolve) => {
      child.once('error', (fault) => resolve(fault.message));
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const running: Child = {
      name,
      pid: child.pid ?? 0,
      process: child,
      lastLines,
      ended,
      isEndExpected: false,
      hasEnded: false,
      kill(signal) {
        running.isEndExpected = true;
        child.kill(signal);
      },
    };
    this.#children.push(running);
    ended.then((how) => this.#onEnd(running, how, log));
    return running;
  }

  /** The last lines that a program said, for a message about it. */
  lastLinesOf(name: string): string {
    const child = this.#children.findLast((candidate) => candidate.name === name);
    return child === undefined ? '' : child.lastLines.map((line) => `    ${line}`).join('\n');
  }

  /** SIGTERM to all at once, SIGKILL to those that stand after `graceMs`. Resolves when none is left. */
  async stopAll(graceMs: number): Promise<{ readonly killed: readonly string[] }> {
    this.#isStopping = true;
    const left = this.#children.filter(({ hasEnded }) => !hasEnded);
    for (const child of left) child.process.kill('SIGTERM');
    const killed: string[] = [];
    const timer = setTimeout(() => {
      for (const child of left.filter(({ hasEnded }) => !hasEnded)) {
        killed.push(child.name);
        child.process.kill('SIGKILL');
      }
    }, graceMs);
    await Promise.all(left.map(({ ended }) => ended));
    clearTimeout(timer);
    return { killed };
  }

  /** For the exit hook. */
  killAllNow(): void {
    this.#isStopping = true;
    for (const child of this.#children) if (!child.hasEnded) child.process.kill('SIGKILL');
  }

  #onEnd(child: Child, how: string, log: WriteStream): void {
    child.hasEnded = true;
    log.end();
    if (child.isEndExpected || this.#isStopping) return;
    const said = this.lastLinesOf(child.name);
    this.#onUnexpectedEnd(new Error(`${child.name} ended by itself (${how}); it said last:\n${said}`));
  }
}

function keep(chunk: Buffer, log: WriteStream, lastLines: string[]): void {
  log.write(chunk);
  for (const line of chunk.toString('utf8').split('\n')) if (line.trim() !== '') lastLines.push(line);
  if (lastLines.length > linesKept) lastLines.splice(0, lastLines.length - linesKept);
}
