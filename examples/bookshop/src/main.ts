/** The demo's entry: reads the command line, runs the demo, and leaves no process behind, however it ends. */
import { join, resolve } from 'node:path';
import { runDemo } from './demo.ts';
import { type DemoOptions, defaultBase, parseOptions, usage } from './options.ts';
import { Processes } from './processes.ts';
import { View } from './view.ts';

const root = resolve(import.meta.dirname, '../../..');
const stopGraceMs = 8_000;

class Interrupted extends Error {}

process.exitCode = await main();

async function main(): Promise<number> {
  let options: DemoOptions;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n\n${usage}`);
    return 2;
  }
  if (options.isHelp) {
    process.stdout.write(usage);
    return 0;
  }
  return runToTheEnd(options);
}

async function runToTheEnd(options: DemoOptions): Promise<number> {
  const suffix = options.base === defaultBase ? '' : `-${options.base}`;
  const directory = resolve(options.directory ?? join(root, `.tulle/demo${suffix}`));
  const end = new AbortController();
  const abort = (fault: Error) => end.abort(fault);
  const processes = new Processes({
    logDirectory: join(directory, 'logs'),
    baseEnv: childEnv(directory),
    onUnexpectedEnd: abort,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => abort(new Interrupted(`interrupted by ${signal}`)));
  // The last resort: whatever ends this process, its children end with it.
  process.on('exit', () => processes.killAllNow());
  process.stdout.on('error', () => abort(new Interrupted('nobody reads the output any more')));
  const view = new View({ write: (text) => process.stdout.write(text), isTerminal: process.stdout.isTTY });

  let exitCode = 1;
  try {
    const isAllMet = await runDemo({ options, root, directory, processes, view, signal: end.signal, abort });
    exitCode = isAllMet ? 0 : 1;
  } catch (thrown) {
    // An aborted wait says only that; why it was aborted is the signal's reason.
    const fault = end.signal.aborted ? end.signal.reason : thrown;
    if (fault instanceof Interrupted) exitCode = options.isOnce ? 130 : 0;
    process.stderr.write(`\n${messageOf(fault)}\n`);
    if (exitCode === 1) process.stderr.write(`The logs are in ${join(directory, 'logs')}\n`);
  }
  const { killed } = await processes.stopAll(stopGraceMs);
  if (killed.length > 0) {
    process.stderr.write(`did not stop on SIGTERM within ${stopGraceMs / 1_000} s: ${killed.join(', ')}\n`);
    exitCode = exitCode === 0 ? 1 : exitCode;
  }
  process.stdout.write(
    exitCode === 0 ? 'The bookshop has closed; all is as it should be.\n' : 'The demo FAILED.\n',
  );
  return exitCode;
}

/** Of this process's environment the children get what a program needs to run, and a cache for a quick start. */
function childEnv(directory: string): Record<string, string> {
  const env: Record<string, string> = { NODE_COMPILE_CACHE: join(directory, 'compile-cache') };
  for (const name of ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SystemRoot', 'NODE_V8_COVERAGE']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
