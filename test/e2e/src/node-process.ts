import { spawn } from 'node:child_process';

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program of the repository, run from source in a process of its own. */
export interface NodeProcess {
  readonly name: string;
  /** All that it has written so far, by line. */
  readonly lines: readonly string[];
  readonly ended: Promise<ProcessEnd>;
  readonly hasEnded: boolean;
  kill(signal: NodeJS.Signals): void;
}

const linesKept = 20_000;

export function startNodeProcess(spec: {
  readonly name: string;
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}): NodeProcess {
  const child = spawn(process.execPath, [spec.path], {
    env: { PATH: process.env.PATH ?? '', ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let partial = '';
  const keep = (chunk: Buffer) => {
    const pieces = (partial + chunk.toString('utf8')).split('\n');
    partial = pieces.pop() ?? '';
    lines.push(...pieces);
    if (lines.length > linesKept) lines.splice(0, lines.length - linesKept);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let hasEnded = false;
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      hasEnded = true;
      resolve({ code, signal });
    });
  });
  return {
    name: spec.name,
    lines,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Throws with its last words where a process has ended that should be running. */
export function expectRunning({ name, hasEnded, lines }: NodeProcess): void {
  if (hasEnded) throw new Error(`${name} has ended; it said last:\n${lines.slice(-15).join('\n')}`);
}
