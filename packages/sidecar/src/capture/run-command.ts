import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Null: it could not be started, or did not end in time; `stderr` says which. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` on its standard input. Never rejects. */
export type RunCommand = (program: string, args: readonly string[], input?: string) => Promise<CommandResult>;

const timeoutMs = 15_000;
/** Where netfilter's programs are, which not every user's PATH has. */
const systemDirectories = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** `lockFile` is where iptables-legacy keeps its lock; null: in /run, which a read-only image does not let it. */
export function commandRunner(path: string, lockFile: string | null = null): RunCommand {
  const env = {
    PATH: [path, ...systemDirectories].join(':'),
    // Messages in English, whatever the image's locale: they are told apart by their words.
    LC_ALL: 'C',
    ...(lockFile === null ? {} : { XTABLES_LOCKFILE: lockFile }),
  };
  return (program, args, input = '') =>
    new Promise((resolve) => {
      const child = spawn(program, args, { env, timeout: timeoutMs, killSignal: 'SIGKILL' });
      const output = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output.stderr += text;
      });
      child.once('error', (error) => resolve({ ...output, code: null, stderr: error.message }));
      child.once('close', (code, signal) => {
        const ended = signal === null ? output.stderr : `ended by ${signal} after ${timeoutMs} ms`;
        resolve({ ...output, code, stderr: ended });
      });
      // It may end without having read all.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
}
