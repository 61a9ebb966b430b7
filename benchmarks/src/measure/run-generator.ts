import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ChurnOptions } from '../generators/churn.ts';
import type { ClosedLoopOptions } from '../generators/closed-loop.ts';
import type { OpenLoopOptions } from '../generators/open-loop.ts';

const program = fileURLToPath(new URL('../generators/main.ts', import.meta.url));
/** In MB: collections are rare enough not to be taken for latency of what is measured. */
const youngGeneration = ['--min-semi-space-size=64', '--max-semi-space-size=64'];

export type GeneratorOptions =
  | ({ readonly name: 'open-loop' } & OpenLoopOptions)
  | ({ readonly name: 'closed-loop' } & ClosedLoopOptions)
  | ({ readonly name: 'churn' } & ChurnOptions);

/** Runs one of our own loads on a core, and gives what it found. */
export async function runGenerator(
  options: GeneratorOptions,
  { core, timeoutMs }: { core: number; timeoutMs: number },
): Promise<unknown> {
  const command = [process.execPath, ...youngGeneration, program, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(core), ...command], {
    timeout: timeoutMs,
  });
  return JSON.parse(stdout);
}
