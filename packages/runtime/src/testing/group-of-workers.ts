/** A program for worker-group.test.ts: a group of two, whose process ids it prints. Arguments: program, port. */
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { WorkerGroup } from '../worker-group.ts';

const [program, port] = process.argv.slice(2) as [string, string];
const group = new WorkerGroup({
  name: 'orphans',
  program,
  args: [port],
  env: {},
  count: 2,
  readyTimeoutMs: 8_000,
  heartbeat: { intervalMs: 1_000, maxUnanswered: 10 },
  backoff: { baseMs: 20, maxMs: 100 },
  stableMs: 10_000,
  clock: systemClock,
  random: Math.random,
  logger: silentLogger,
});
await group.start();
console.log(JSON.stringify(group.pids));
