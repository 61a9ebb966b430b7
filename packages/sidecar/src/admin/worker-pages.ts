import { type AdminAnswer, type AdminPages, messageOf } from '@tulle/runtime';
import { mergeMetrics } from './merge-metrics.ts';

/** A worker as its parent knows it. */
export interface WatchedWorker {
  readonly worker: number;
  /** Of its admin pages; null while it is not there. */
  readonly adminUrl: string | null;
}

interface WorkerAnswer {
  readonly worker: number;
  readonly status: number;
  readonly body: string;
}

/** Above it a worker counts as not answering. */
const askTimeoutMs = 2_000;
const okBody = 'ok\n';

/** What kubelet and Prometheus ask for, of all workers as one. */
export function workerHealthPages(workers: () => readonly WatchedWorker[]): AdminPages {
  return {
    'GET /livez': () => ({ body: okBody }),
    'GET /readyz': async () => {
      const answers = await askAll(workers(), 'GET', '/readyz');
      const unready = answers.filter(({ status }) => status !== 200);
      if (unready.length > 0) return { status: 503, body: unready.map(reasonLines).join('') };
      // Ready all the same, with something to know.
      const noted = answers.filter(({ body }) => body !== okBody);
      return { body: noted.length === 0 ? okBody : noted.map(reasonLines).join('') };
    },
    'GET /metrics': async () => {
      const pages = (await askAll(workers(), 'GET', '/metrics')).filter(({ status }) => status === 200);
      return {
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: mergeMetrics(pages.map(({ worker, body }) => ({ worker, text: body }))),
      };
    },
  };
}

/** What an operator asks for and sets, of all workers. */
export function workerOperatorPages(workers: () => readonly WatchedWorker[]): AdminPages {
  return {
    'GET /config_dump': async () => {
      const answers = await askAll(workers(), 'GET', '/config_dump');
      return { body: { workers: Object.fromEntries(answers.map((it) => [it.worker, dumpOf(it)])) } };
    },
    'POST /log_level': ({ url }) => tellAll(workers(), `/log_level${url.search}`),
    'POST /drain': () => tellAll(workers(), '/drain'),
  };
}

async function tellAll(workers: readonly WatchedWorker[], path: string): Promise<AdminAnswer> {
  const answers = await askAll(workers, 'POST', path);
  const failed = answers.find(({ status }) => status !== 200);
  if (failed !== undefined) return { status: failed.status, body: reasonLines(failed) };
  return { body: answers[0]?.body ?? '' };
}

function askAll(workers: readonly WatchedWorker[], method: string, path: string): Promise<WorkerAnswer[]> {
  return Promise.all(workers.map((worker) => ask(worker, method, path)));
}

/** Never fails: what keeps a worker from answering is its answer. */
async function ask({ worker, adminUrl }: WatchedWorker, method: string, path: string): Promise<WorkerAnswer> {
  if (adminUrl === null) return { worker, status: 503, body: 'it is not running\n' };
  try {
    const signal = AbortSignal.timeout(askTimeoutMs);
    const answer = await fetch(`${adminUrl}${path}`, { method, signal });
    return { worker, status: answer.status, body: await answer.text() };
  } catch (thrown) {
    return { worker, status: 503, body: `it does not answer: ${messageOf(thrown)}\n` };
  }
}

function reasonLines({ worker, body }: WorkerAnswer): string {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `worker ${worker}: ${line}\n`)
    .join('');
}

function dumpOf({ status, body }: WorkerAnswer): unknown {
  return status === 200 ? JSON.parse(body) : body.trim();
}
