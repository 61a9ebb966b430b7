import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Operations } from './operations.ts';

type Answer = { readonly id: number; readonly result?: unknown; readonly error?: string };

const timeoutMs = 20_000;

/** A test's hand within a pod: clients and servers there, without a new process for each. */
export class Agent {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    child.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
    child.once('exit', () => {
      for (const [id, resolve] of this.#waiting) resolve({ id, error: 'the agent has ended' });
    });
  }

  /** Rejects with what the operation threw. */
  async do<K extends keyof Operations>(
    operation: K,
    argument: Parameters<Operations[K]>[0],
  ): Promise<Awaited<ReturnType<Operations[K]>>> {
    const id = ++this.#lastId;
    const answered = Promise.withResolvers<Answer>();
    this.#waiting.set(id, answered.resolve);
    const timer = setTimeout(
      () => answered.resolve({ id, error: `no answer in ${timeoutMs} ms` }),
      timeoutMs,
    );
    this.#child.send({ id, operation, argument });
    const { result, error } = await answered.promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${this.#name}, ${operation}: ${error}`);
    return result as Awaited<ReturnType<Operations[K]>>;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

export async function startAgent(name: string, through: readonly string[]): Promise<Agent> {
  const [program, ...args] = [...through, process.execPath, join(import.meta.dirname, 'main.ts')];
  // The channel is a descriptor, which the programs on the way hand on.
  const child = spawn(program!, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: `/tmp/tulle-netns-cache-agent-${through.length}` },
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${name}: the agent did not start`))),
  ]);
  return new Agent(name, child);
}
