import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';

export interface PinnedProcessOptions {
  readonly command: readonly string[];
  readonly core: number;
  /** On top of what is inherited. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program under measurement, held on one core. */
export class PinnedProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #terminate = () => void this.#child.kill('SIGTERM');
  #output = '';

  constructor(name: string, options: PinnedProcessOptions) {
    this.name = name;
    const settings = Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`);
    this.#child = spawn('taskset', ['-c', String(options.core), 'env', ...settings, ...options.command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-8_192);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    // Whatever ends this process, a core must not stay taken.
    process.once('exit', this.#terminate);
    this.#child.once('exit', () => process.off('exit', this.#terminate));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when `isReady` says so; fails with the program's last words when it ends or takes too long. */
  async waitUntil(isReady: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const endMs = Date.now() + timeoutMs;
    while (!(await isReady())) {
      if (this.#child.exitCode !== null || Date.now() > endMs) {
        throw new Error(`${this.name} is not ready:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#terminate();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(kill);
  }
}

export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function isReadyPage(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
