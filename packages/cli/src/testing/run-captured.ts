import picocolors from 'picocolors';
import type { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { runCli } from '../run-cli.ts';

export interface Captured {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

const noFetch: Io['fetch'] = () => Promise.reject(new Error('no network in this test'));

const noCluster: Io['connect'] = () => {
  throw new Error('no cluster in this test');
};

/** Runs `tulle` as an operator would, and gives what they would see. */
export async function runCaptured(
  argv: readonly string[],
  get: Io['fetch'] = noFetch,
  world: Partial<Pick<Io, 'connect' | 'nowMs' | 'readInput'>> = {},
): Promise<Captured> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    colors: picocolors.createColors(false),
    fetch: get,
    readInput: async () => '',
    connect: noCluster,
    nowMs: Date.now,
    ...world,
  });
  return { code, out, err };
}
