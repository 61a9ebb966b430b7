import { join, resolve } from 'node:path';
import { type RunningProcess, startProcess, startProgram } from '@tulle/testkit';
import { type Agent, startAgent } from './agent/agent.ts';
import type { CommandOutput, Namespace } from './namespace.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Whose processes these are: the application's, which capture holds for, and the sidecar's. */
export const users = { root: 0, application: 1_000, sidecar: 1_337 } as const;

export class Pod {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly namespace: Namespace;
  readonly initEntry = join(root, 'packages/sidecar/src/init-main.ts');
  readonly #agents: Agent[] = [];
  readonly #processes: RunningProcess[] = [];

  constructor(options: { name: string; ipv4: string; ipv6: string; namespace: Namespace }) {
    this.name = options.name;
    this.ipv4 = options.ipv4;
    this.ipv6 = options.ipv6;
    this.namespace = options.namespace;
  }

  /** A process of the pod that does at once what tests ask of it; see agent/operations.ts. */
  async agent(user: keyof typeof users = 'application'): Promise<Agent> {
    const agent = await startAgent(`${user} in ${this.name}`, this.namespace.through(users[user]));
    this.#agents.push(agent);
    return agent;
  }

  run(
    command: readonly string[],
    options: { readonly user?: keyof typeof users; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<CommandOutput> {
    return this.namespace.run(command, { uid: users[options.user ?? 'application'], env: options.env ?? {} });
  }

  /** The init program, as the pod's init container runs it. */
  init(...args: readonly string[]): Promise<CommandOutput> {
    return this.namespace.run([process.execPath, this.initEntry, ...args], { env: compileCache('root') });
  }

  /** Starts one of the repository's programs. */
  async start(
    name: string,
    path: string,
    options: { readonly user: keyof typeof users; readonly env: Readonly<Record<string, string>> },
  ): Promise<RunningProcess> {
    const started = await startProcess({
      name: `${name} in ${this.name}`,
      entry: join(root, path),
      env: { ...compileCache(options.user), ...options.env },
      through: this.namespace.through(users[options.user]),
    });
    this.#processes.push(started);
    return started;
  }

  /** Starts a program of the system. */
  async startProgram(command: readonly string[], user: keyof typeof users): Promise<RunningProcess> {
    const through = this.namespace.through(users[user]);
    const started = await startProgram({
      name: `${command[0]} in ${this.name}`,
      command: [...through, ...command],
    });
    this.#processes.push(started);
    return started;
  }

  /** The text of a page of this pod, asked from within. */
  async page(port: number, path: string): Promise<string> {
    const url = `http://${this.ipv4}:${port}${path}`;
    const { code, stdout, stderr } = await this.run(['curl', '-sS', '--fail-with-body', '-m', '5', url], {
      user: 'sidecar',
    });
    if (code !== 0) throw new Error(`${url}: ${stderr}${stdout}`);
    return stdout;
  }

  async remove(): Promise<void> {
    for (const agent of this.#agents) agent.stop();
    await Promise.all(this.#processes.map((process) => process.stop(0)));
    await this.namespace.remove();
  }
}

/** One a user: they may not write each other's. */
function compileCache(user: string): Readonly<Record<string, string>> {
  return { NODE_COMPILE_CACHE: `/tmp/tulle-netns-cache-${user}` };
}
