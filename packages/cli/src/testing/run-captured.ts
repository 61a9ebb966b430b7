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

/** Runs `tulle` as an operator would, and gives what they would see. */
export async function runCaptured(argv: readonly string[], get: Io['fetch'] = noFetch): Promise<Captured> {
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
  });
  return { code, out, err };
}
