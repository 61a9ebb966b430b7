import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandOutput {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const commandTimeoutMs = 30_000;

/**
 * A network namespace that lives as long as the process that holds it, and that dies with whoever made it: a
 * test that crashes leaves nothing behind, on the host nor by a name.
 */
export class Namespace {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async create(): Promise<Namespace> {
    const script = 'ip link set lo up && echo made && exec setpriv --pdeathsig KILL sleep infinity';
    const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await Promise.race([
      once(holder.stdout!, 'data'),
      once(holder, 'exit').then(() => Promise.reject(new Error('no network namespace could be made'))),
    ]);
    return new Namespace(holder);
  }

  /** As `ip link ... netns` takes it. */
  get pid(): number {
    return this.#holder.pid!;
  }

  /**
   * What runs a program in here as this user, to be put before it. Whoever is not root may still read the
   * repository, wherever root keeps it.
   */
  through(uid = 0): readonly string[] {
    const enter = ['nsenter', `--net=/proc/${this.pid}/ns/net`];
    // After the change of user, which would clear it: the program dies with the test.
    const tied = ['setpriv', '--pdeathsig', 'KILL'];
    if (uid === 0) return [...enter, ...tied];
    const caps = ['--inh-caps', '-all,+dac_read_search', '--ambient-caps', '-all,+dac_read_search'];
    const user = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', ...caps];
    return [...enter, ...user, ...tied];
  }

  /** Runs a program to its end, as root unless told. */
  async run(
    command: readonly string[],
    options: {
      readonly uid?: number;
      readonly input?: string;
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<CommandOutput> {
    const [program, ...args] = [...this.through(options.uid), ...command];
    const child = spawn(program!, args, {
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...options.env },
      timeout: commandTimeoutMs,
      killSignal: 'SIGKILL',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...output };
  }

  /** Of a command that has to succeed, what it printed. */
  async must(command: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, input === undefined ? {} : { input });
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${input ?? ''}`);
    return stdout;
  }

  async remove(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    this.#holder.kill('SIGKILL');
    await once(this.#holder, 'exit');
  }
}
