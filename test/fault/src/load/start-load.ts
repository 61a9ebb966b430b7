import { Worker } from 'node:worker_threads';
import type { LoadCommand, LoadOptions, LoadReport } from './load-worker.ts';
import type { LoadOutcome, Phase } from './tally.ts';

/** A steady load, kept up until `stop`. */
export interface Load extends AsyncDisposable {
  readonly startedMs: number;
  /** So far. */
  readonly sentCount: number;
  /** What is sent from now on counts to this phase. */
  enter(phase: Phase): void;
  /** Resolves when so many have been sent since the load began. */
  sent(count: number): Promise<void>;
  /** Sends no more, and waits for the answers to what is under way. */
  stop(): Promise<LoadOutcome>;
}

export function startLoad(options: LoadOptions): Load {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData: options });
  const tell = (command: LoadCommand) => worker.postMessage(command);
  const waiting = new Set<{ readonly count: number; resolve(): void; reject(error: Error): void }>();
  let sentCount = 0;
  const over = new Promise<LoadOutcome>((resolve, reject) => {
    worker.on('message', (report: LoadReport) => {
      if (report.kind === 'over') {
        resolve(report.outcome);
        return;
      }
      sentCount = report.sent;
      for (const one of waiting) {
        if (one.count > sentCount) continue;
        waiting.delete(one);
        one.resolve();
      }
    });
    worker.on('error', (error) => {
      reject(error);
      for (const one of waiting) one.reject(error);
    });
  });
  over.catch(() => {});
  return {
    startedMs: performance.now(),
    get sentCount() {
      return sentCount;
    },
    enter: (phase) => tell({ kind: 'phase', phase }),
    sent: (count) =>
      count <= sentCount
        ? Promise.resolve()
        : new Promise((resolve, reject) => waiting.add({ count, resolve, reject })),
    stop() {
      tell({ kind: 'stop' });
      return over;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
