/**
 * The load's own thread, so that what the runner does beside it does not delay a request. Open loop: requests
 * leave at their time, whatever became of those before.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { HttpSender, type SentRequest } from './http-sender.ts';
import { type LoadOutcome, type Phase, Tally } from './tally.ts';

export interface LoadOptions {
  /** The address of the client's sidecar. */
  readonly via: string;
  /** The service, as Host. */
  readonly host: string;
  readonly perSecond: number;
  /** The requests are numbered from here on. */
  readonly firstNumber: number;
}

/** What the runner tells the load, and the load the runner. */
export type LoadCommand = { readonly kind: 'phase'; readonly phase: Phase } | { readonly kind: 'stop' };
export type LoadReport =
  | { readonly kind: 'progress'; readonly sent: number }
  | { readonly kind: 'over'; readonly outcome: LoadOutcome };

const tickMs = 1;
const reportEveryMs = 20;
const orderBody = 'x'.repeat(200);

/** One in ten must not be processed twice, one in twenty takes the application 30 ms. */
function requestOf(number: number): SentRequest {
  if (number % 10 === 0) return { method: 'POST', path: `/orders/${number}`, body: orderBody };
  return { method: 'GET', path: number % 20 === 7 ? `/slow/${number}` : `/items/${number}`, body: '' };
}

function run({ via, host, perSecond, firstNumber }: LoadOptions, report: (report: LoadReport) => void): void {
  const sender = new HttpSender({ via, host });
  const tally = new Tally();
  const startMs = performance.now();
  let reportedMs = startMs;
  let isStopping = false;

  const sendAt = (dueMs: number) => {
    const number = firstNumber + tally.sent++;
    const request = requestOf(number);
    const { method, path } = request;
    const { phase } = tally;
    sender.send(request, (result) => {
      const nowMs = performance.now();
      if (result.kind === 'failed') {
        tally.failed({ atMs: Math.round(nowMs - startMs), method, path, reason: result.reason });
      } else {
        const order = method === 'POST' ? number : null;
        tally.answered(phase, { application: result.application, latencyMs: nowMs - dueMs, order });
      }
    });
  };

  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (;;) {
      const dueMs = startMs + (tally.sent * 1_000) / perSecond;
      if (isStopping || dueMs > nowMs) break;
      sendAt(dueMs);
    }
    if (nowMs - reportedMs >= reportEveryMs) {
      reportedMs = nowMs;
      report({ kind: 'progress', sent: tally.sent });
    }
    if (!isStopping || tally.open > 0) return;
    clearInterval(timer);
    sender.close();
    report({ kind: 'over', outcome: tally.outcome() });
    parentPort!.close();
  }, tickMs);

  parentPort!.on('message', (command: LoadCommand) => {
    if (command.kind === 'phase') tally.phase = command.phase;
    else isStopping = true;
  });
}

run(workerData as LoadOptions, (report) => parentPort!.postMessage(report));
