/**
 * What a review costs: `node benchmarks/micro/injector.ts [seconds] [reviews a second]`. First the answer alone, then
 * whole reviews over HTTPS to a server in a process of its own (on one core, where taskset is), each sent when it is due,
 * over as many connections as an API server would keep: latency from when it was due, CPU of the server alone. Of the
 * first seconds nothing is counted but the worst: there the connections are made, and V8 compiles on the server's one core
 * what it takes to be hot. It does so once more after about 10,000 reviews: a short run is told by that alone.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request as send } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MetricsRegistry, silentLogger, systemClock } from '@tulle/runtime';
import { nextMaterial } from '../../packages/injector-webhook/src/certificate/next-material.ts';
import type { InjectionContext } from '../../packages/injector-webhook/src/injection-context.ts';
import { answerInjection } from '../../packages/injector-webhook/src/review/answer-injection.ts';
import { formatAnswer } from '../../packages/injector-webhook/src/review/format-answer.ts';
import { parseReview } from '../../packages/injector-webhook/src/review/parse-review.ts';
import { createInjectorMetrics } from '../../packages/injector-webhook/src/server/injector-metrics.ts';
import { WebhookServer } from '../../packages/injector-webhook/src/server/webhook-server.ts';
import { defaultInjectorSettings } from '../../packages/injector-webhook/src/settings/injector-settings.ts';

const corpus = join(import.meta.dirname, '../../packages/injector-webhook/corpus/review/pod.json');
const review = readFileSync(corpus, 'utf8');
const warmingSeconds = 5;

const context: InjectionContext = {
  settings: defaultInjectorSettings('0.1.0'),
  namespace: { name: 'shop', labels: { 'tulle.dev/inject': 'enabled' }, annotations: {} },
  mesh: null,
  rootsPem: 'ROOTS',
  hasNativeSidecars: true,
};

if (process.argv[2] === '--serve') await serve();
else await measure(Number(process.argv[2] ?? 60), Number(process.argv[3] ?? 500));

async function serve(): Promise<void> {
  const material = await nextMaterial(null, { names: ['localhost'], nowMs: Date.now() });
  const server = new WebhookServer({
    host: '127.0.0.1',
    port: 0,
    certificate: material,
    handlers: { '/inject': (asked) => answerInjection(asked, context) },
    drainDelayMs: 0,
    clock: systemClock,
    logger: silentLogger,
    metrics: createInjectorMetrics(new MetricsRegistry()),
  });
  await server.start();
  console.log(JSON.stringify({ port: server.port, ca: material.authoritiesPem }));
  const before = process.cpuUsage();
  process.stdin.resume().once('end', () => {
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ cpuMs: (user + system) / 1_000 }));
    process.exit(0);
  });
}

async function measure(seconds: number, ratePerSecond: number): Promise<void> {
  measureAnswer(Math.min(seconds, 5));
  const script = [import.meta.filename, '--serve'];
  const child = spawn('taskset', ['-c', '0', process.execPath, ...script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value));
  const { port, ca } = await next();
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 16 });
  const ask = () => post(port, agent);
  for (let i = 0; i < 500; i++) await ask();
  const warming = await atRate(ask, warmingSeconds, ratePerSecond);
  printLatencies(`its first ${warmingSeconds} s`, warming);
  const latenciesMs = await atRate(ask, seconds, ratePerSecond);
  printLatencies(`the ${seconds} s after`, latenciesMs);
  const startMs = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() - startMs < Math.min(seconds, 5) * 1_000) {
      await ask();
      done++;
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  console.log(
    `over HTTPS, as fast as it goes  ${Math.round(done / ((performance.now() - startMs) / 1_000))} reviews/s`,
  );
  agent.destroy();
  child.stdin.end();
  const { cpuMs } = await next();
  console.log(
    `CPU of the server     ${((cpuMs * 1_000) / (done + warming.length + latenciesMs.length + 500)).toFixed(0)} us a review`,
  );
}

function printLatencies(when: string, latenciesMs: readonly number[]): void {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(2);
  const most = sorted.at(-1)!.toFixed(2);
  console.log(`over HTTPS, ${when}: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, most ${most} ms`);
}

function measureAnswer(seconds: number): void {
  const answer = () => {
    const parsed = parseReview(review);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
    return JSON.stringify(formatAnswer(parsed.value.uid, answerInjection(parsed.value, context)));
  };
  for (let i = 0; i < 2_000; i++) answer();
  let done = 0;
  const before = process.cpuUsage();
  for (const startMs = performance.now(); performance.now() - startMs < seconds * 1_000; done++) answer();
  const { user, system } = process.cpuUsage(before);
  console.log(`parse, answer, format  ${((user + system) / done).toFixed(0)} us of CPU`);
}

async function atRate(ask: () => Promise<void>, seconds: number, ratePerSecond: number): Promise<number[]> {
  const total = seconds * ratePerSecond;
  const startMs = performance.now();
  const pending: Promise<number>[] = [];
  for (let sent = 0; sent < total; ) {
    const dueMs = startMs + (sent * 1_000) / ratePerSecond;
    if (performance.now() < dueMs) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    pending.push(ask().then(() => performance.now() - dueMs));
    sent++;
  }
  return await Promise.all(pending);
}

function post(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: '/inject',
      method: 'POST',
      agent,
    };
    const request = send(options, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    request.once('error', reject);
    request.end(review);
  });
}
