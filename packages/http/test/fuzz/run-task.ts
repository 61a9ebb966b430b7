import { Worker } from 'node:worker_threads';
import { saveFinding } from './corpus.ts';
import { CurrentInput } from './current-input.ts';
import type { FuzzProgress, FuzzTask } from './fuzz-worker.ts';

/** The longest input of any target. */
const MAX_INPUT_BYTES = 64 * 1024;
/** An input that runs for longer does not end. */
const MAX_RUN_MS = 20_000;
const MAX_HEAP_MB = 512;

const NOTHING: FuzzProgress = { executions: 0, corpusSize: 0, branches: 0, findings: [], isOver: false };

/** Fuzzes one target in a thread of its own; what hangs or kills the thread is a finding too. */
export function runTask(
  task: Omit<FuzzTask, 'shared'>,
  onProgress: (progress: FuzzProgress) => void,
): Promise<FuzzProgress> {
  const current = new CurrentInput(MAX_INPUT_BYTES);
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: { ...task, shared: current.shared },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  let last = NOTHING;
  return new Promise((resolve) => {
    const finish = (report: string | null) => {
      clearInterval(watch);
      void worker.terminate();
      if (report !== null) {
        const path = saveFinding(task.target, current.copy(), report);
        last = { ...last, findings: [...last.findings, { path, report }] };
      }
      resolve(last);
    };
    let count = -1;
    const watch = setInterval(() => {
      if (current.count === count) finish(`an input ran for more than ${MAX_RUN_MS / 1000} s`);
      count = current.count;
    }, MAX_RUN_MS);
    worker.on('message', (progress: FuzzProgress) => {
      last = progress;
      if (progress.isOver) finish(null);
      else onProgress(progress);
    });
    worker.on('error', (error) => finish(error.stack ?? String(error)));
  });
}
