import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

export interface StartProcessOptions {
  /** For messages. */
  readonly name: string;
  /** A TypeScript or JavaScript file that Node runs as it is. */
  readonly entry: string | URL;
  readonly args?: readonly string[];
  /** Everything of the environment that the program sees beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** A program with arguments that runs it, as in another network namespace. */
  readonly through?: readonly string[];
}

export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** The JSON lines that it printed so far. */
  readonly log: readonly LogLine[];
  /** Null while it runs. */
  readonly exit: Exit | null;
  /** The first line, printed already or to come, that has this message, or for which the function is true. */
  waitForLog(wanted: string | ((line: LogLine) => boolean), timeoutMs?: number): Promise<LogLine>;
  /** Resolves when the URL answers 2xx. */
  waitForReady(url: string, timeoutMs?: number): Promise<void>;
  waitForExit(timeoutMs?: number): Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, after `graceMs` SIGKILL; resolves when it has ended. */
  stop(graceMs?: number): Promise<Exit>;
  /** The last lines that it printed, as text. */
  lastLines(): string;
}

/** What still runs when this process ends goes with it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const keptLines = 5_000;
const shownLines = 30;
const defaultTimeoutMs = 15_000;

/** Runs a program of this repository from source. Whoever starts it stops it, or binds it with `await using`. */
export async function startProcess(options: StartProcessOptions): Promise<RunningProcess> {
  const { name, entry, args = [], env = {}, nodeArgs = [], through = [] } = options;
  const path = typeof entry === 'string' ? entry : fileURLToPath(entry);
  return await startProgram({
    name,
    command: [...through, process.execPath, ...nodeArgs, path, ...args],
    env,
  });
}

/** Runs any program; what it prints that is JSON is its log. Whoever starts it stops it. */
export async function startProgram(options: {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}): Promise<RunningProcess> {
  const [program = '', ...args] = options.command;
  const env = options.env ?? {};
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  await once(child, 'spawn');
  return new NodeProcess(options.name, child);
}

class NodeProcess implements RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly log: LogLine[] = [];
  exit: Exit | null = null;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<Exit>;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.pid = child.pid!;
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    // `close` comes after the last output.
    this.#exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  async waitForLog(
    wanted: string | ((line: LogLine) => boolean),
    timeoutMs = defaultTimeoutMs,
  ): Promise<LogLine> {
    const matches = typeof wanted === 'string' ? (line: LogLine) => line.msg === wanted : wanted;
    const what = typeof wanted === 'string' ? `the log line "${wanted}"` : 'the log line';
    return await this.#waitFor(what, { timeoutMs }, () => this.log.find(matches) ?? null);
  }

  async waitForReady(url: string, timeoutMs = defaultTimeoutMs): Promise<void> {
    // To ask costs, while the program needs the processor to start.
    await this.#waitFor(`${url} to be ready`, { timeoutMs, intervalMs: 50 }, async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      // Read, not cancelled: a reset under a cancelled body is an error that nobody can catch.
      await response?.text().catch(() => '');
      return response?.ok === true ? response : null;
    });
  }

  async waitForExit(timeoutMs = defaultTimeoutMs): Promise<Exit> {
    let cancel = () => {};
    const timeout = new Promise<null>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, null);
      cancel = () => clearTimeout(timer);
    });
    const exit = await Promise.race([this.#exited, timeout]);
    cancel();
    if (exit === null) throw this.#failure(`did not end within ${timeoutMs} ms`);
    return exit;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(graceMs = 10_000): Promise<Exit> {
    if (this.exit !== null) return this.exit;
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const exit = await this.#exited;
    clearTimeout(timer);
    return exit;
  }

  lastLines(): string {
    return this.#lines.slice(-shownLines).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #take(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    if (!line.startsWith('{')) return;
    try {
      this.log.push(JSON.parse(line) as LogLine);
    } catch {
      // Not a log line after all; it is among the last lines.
    }
    if (this.log.length > keptLines) this.log.shift();
  }

  /** Polls until `look` finds something; ends early when the process has. */
  async #waitFor<T>(
    what: string,
    pace: { readonly timeoutMs: number; readonly intervalMs?: number },
    look: () => T | null | Promise<T | null>,
  ): Promise<T> {
    let isGone = false;
    const attempt = async (): Promise<T | null> => {
      isGone = this.exit !== null;
      const found = await look();
      if (found !== null || isGone) return found;
      throw new Error('not yet');
    };
    const found = await eventually(attempt, pace).catch(() => null);
    if (found !== null) return found;
    const ended = `ended with ${this.exit?.signal ?? this.exit?.code}`;
    throw this.#failure(
      isGone ? `${ended}; waited for ${what}` : `waited ${pace.timeoutMs} ms in vain for ${what}`,
    );
  }

  #failure(reason: string): Error {
    return new Error(`${this.name} (pid ${this.pid}): ${reason}; its last lines:\n${this.lastLines()}`);
  }
}
