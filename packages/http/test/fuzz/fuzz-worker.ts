/** The thread in which one target runs: instruments, loads the target, and tells the main thread how it goes. */
import { parentPort, workerData } from 'node:worker_threads';
import { repositoryCorpus, saveFinding, saveToRepository, saveToWorking, workingCorpus } from './corpus.ts';
import { CoverageMap } from './coverage-map.ts';
import { CurrentInput } from './current-input.ts';
import { Fuzzer } from './fuzzer.ts';
import { instrumentModules } from './instrument.ts';
import { hashOf, Random } from './random.ts';

export interface FuzzTask {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  /** Put what is worth keeping into the repository's corpus. */
  readonly isSaving: boolean;
  /** Begin with what earlier runs found, and add to it. */
  readonly usesWorkingCorpus: boolean;
  readonly shared: SharedArrayBuffer;
}

export interface FuzzProgress {
  readonly executions: number;
  readonly corpusSize: number;
  readonly branches: number;
  readonly findings: readonly { readonly path: string; readonly report: string }[];
  readonly isOver: boolean;
}

const isUnderTest = /\/packages\/http\/src\/(exchange|h1|h2|hpack|message|transport)\/[a-z0-9-]+\.ts$/;
const REPORT_EVERY_MS = 1_000;
/** Of each target: the repository's corpus is for replaying, not for keeping all. */
const MAX_SAVED_INPUTS = 40;

const task = workerData as FuzzTask;
const branches = instrumentModules((url) => isUnderTest.test(url));
// Only now: what the targets import is to be instrumented.
const { fuzzTargets } = await import('./targets/fuzz-targets.ts');
const target = await fuzzTargets[task.target]!();
const map = new CoverageMap(branches.counters.subarray(0, branches.used()));
const random = new Random(task.seed + hashOf(Buffer.from(task.target)));
const fuzzer = new Fuzzer({ target, map, random, current: new CurrentInput(task.shared) });
const paths: string[] = [];
process.on('uncaughtException', (thrown) => fuzzer.onUncaught(thrown));

for (const input of target.seeds()) await fuzzer.add(input);
for (const { bytes } of repositoryCorpus(task.target)) await fuzzer.add(bytes);
if (task.usesWorkingCorpus) {
  for (const { bytes } of workingCorpus(task.target)) await fuzzer.add(bytes);
  fuzzer.onNewInput = (input) => saveToWorking(task.target, input);
}

const endMs = performance.now() + task.seconds * 1_000;
let reportMs = performance.now() + REPORT_EVERY_MS;
await fuzzer.run(() => {
  if (fuzzer.executions % 64 !== 0) return false;
  const nowMs = performance.now();
  if (nowMs > reportMs) {
    report(false);
    reportMs = nowMs + REPORT_EVERY_MS;
  }
  return nowMs > endMs;
});
if (task.isSaving) saveToRepository(task.target, fuzzer.distilled(MAX_SAVED_INPUTS));
report(true);

function report(isOver: boolean): void {
  for (const { input, report: text } of fuzzer.findings.slice(paths.length)) {
    paths.push(saveFinding(task.target, input, text));
  }
  const progress: FuzzProgress = {
    executions: fuzzer.executions,
    corpusSize: fuzzer.corpusSize,
    branches: map.branches,
    findings: paths.map((path, index) => ({ path, report: fuzzer.findings[index]!.report })),
    isOver,
  };
  parentPort!.postMessage(progress);
}
