/**
 * `npm run fuzz`: feeds the codecs inputs that nobody would write, guided by the branches that they take.
 * Written here because libraries for it either hook CommonJS (Jazzer.js, which brings a native fuzzer
 * too) or are abandoned (jsfuzz). Targets run two at a time, each in a thread; a finding is minimised and
 * left in .tulle/fuzz/findings/ with what to run to see it again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { FuzzProgress } from './fuzz-worker.ts';
import { runTask } from './run-task.ts';
import { fuzzTargets } from './targets/fuzz-targets.ts';

const AT_ONCE = 2;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '' },
    replay: { type: 'string', default: '' },
    json: { type: 'string', default: '' },
    fresh: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  if (values.list) return list();
  const names = values.target.length === 0 ? Object.keys(fuzzTargets) : values.target;
  const unknown = names.filter((name) => fuzzTargets[name] === undefined);
  if (unknown.length > 0 || !(Number(values.minutes) > 0)) {
    const problem = unknown.length > 0 ? `no target ${unknown.join(', ')}` : '--minutes is a number above 0';
    process.stderr.write(`${problem}; targets: ${Object.keys(fuzzTargets).join(', ')}\n`);
    return 2;
  }
  if (values.replay !== '') return replay(names, values.replay);
  return fuzz(names);
}

async function list(): Promise<number> {
  for (const name of Object.keys(fuzzTargets)) {
    process.stdout.write(`${name.padEnd(18)} ${(await fuzzTargets[name]!()).about}\n`);
  }
  return 0;
}

/** Runs one input, without catching what it throws. */
async function replay(names: readonly string[], path: string): Promise<number> {
  const [name] = names;
  if (names.length !== 1 || name === undefined) {
    process.stderr.write('--replay needs one --target\n');
    return 2;
  }
  await (await fuzzTargets[name]!()).run(readFileSync(path));
  process.stdout.write(`${name}: nothing is wrong with ${path}\n`);
  return 0;
}

async function fuzz(names: readonly string[]): Promise<number> {
  const seed = values.seed === '' ? Date.now() % 1_000_000_000 : Number(values.seed);
  const minutes = Number(values.minutes);
  process.stdout.write(`seed ${seed}, ${minutes} minutes a target, ${AT_ONCE} at a time\n`);
  const results: Record<string, FuzzProgress & { seconds: number }> = {};
  const waiting = [...names];
  const runNext = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      results[target] = await fuzzOne(target, seed, minutes * 60);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runNext));
  if (values.json !== '') writeFileSync(values.json, `${JSON.stringify({ seed, results }, null, 2)}\n`);
  const found = Object.values(results).reduce((sum, { findings }) => sum + findings.length, 0);
  const executions = Object.values(results).reduce((sum, result) => sum + result.executions, 0);
  process.stdout.write(`\n${executions} executions, ${found} findings\n`);
  return found === 0 ? 0 : 1;
}

async function fuzzOne(target: string, seed: number, seconds: number) {
  const startMs = performance.now();
  const elapsed = () => (performance.now() - startMs) / 1_000;
  const spacingSeconds = Math.max(10, seconds / 12);
  let toldAt = 0;
  const task = { target, seed, seconds, isSaving: values.save, usesWorkingCorpus: !values.fresh };
  const result = await runTask(task, (progress) => {
    if (elapsed() - toldAt < spacingSeconds) return;
    toldAt = elapsed();
    process.stdout.write(`${describe(target, progress, elapsed())}\n`);
  });
  process.stdout.write(`${describe(target, result, elapsed())}, over\n`);
  for (const { path, report } of result.findings) {
    process.stdout.write(`FOUND in ${target}:\n${report.replaceAll(/^/gm, '    ')}\n`);
    process.stdout.write(`    again: npm run fuzz -- --target ${target} --replay ${path}\n`);
  }
  return { ...result, seconds: elapsed() };
}

function describe(target: string, progress: FuzzProgress, seconds: number): string {
  const { executions, corpusSize, branches, findings } = progress;
  const rate = Math.round(executions / seconds);
  const figures = `${executions} executions, ${rate}/s, corpus ${corpusSize}, branches ${branches}`;
  return `${target.padEnd(18)} ${seconds.toFixed(0).padStart(4)} s  ${figures}, findings ${findings.length}`;
}
