import { setTimeout as sleep } from 'node:timers/promises';
import { FaultCluster, type RunningPod, service } from './fault-cluster.ts';
import { type FaultName, faults } from './faults/faults.ts';
import { type Load, startLoad } from './load/start-load.ts';
import type { LoadOutcome } from './load/tally.ts';

export interface RunFaultOptions {
  readonly name: FaultName;
  /** At least; a fault that takes longer than the middle third is under load for as long as it takes. */
  readonly requests: number;
  readonly perSecond: number;
  /** Told what is done, as it is done. */
  say(line: string): void;
}

export interface FaultReport {
  readonly name: FaultName;
  readonly outcome: LoadOutcome;
  /** Sent again by the client's sidecar. */
  readonly retries: number;
  /** What should not be, beside requests that failed. */
  readonly violations: readonly string[];
  /** What the client's sidecar logged of failed requests. */
  readonly accessLines: readonly string[];
}

const podCount = 3;
const warmUpRequests = 300;
const keptAccessLines = 5;

/** Runs a fault in the middle third of a steady load, on a mesh of its own, and takes stock. */
export async function runFault(options: RunFaultOptions): Promise<FaultReport> {
  const { name, perSecond, say } = options;
  await using cluster = await FaultCluster.start(faults[name].controlPlaneEnv);
  const pods = await Promise.all(Array.from({ length: podCount }, () => cluster.startPod()));
  for (const pod of pods) await cluster.addEndpoint(pod);
  const target = { via: cluster.client.address, host: service, perSecond };
  await using warmUp = startLoad({ ...target, firstNumber: -1_000_000 });
  await warmUp.sent(warmUpRequests);
  const warm = await warmUp.stop();
  if (warm.failed > 0) throw new Error(`the mesh does not serve: ${JSON.stringify(warm.byReason)}`);
  say(`${options.requests} requests at ${perSecond} a second`);
  await using load = startLoad({ ...target, firstNumber: 0 });
  const mustAnswer = await underLoad(load, { ...options, cluster, pods });
  const outcome = await load.stop();
  return takeStock(name, { cluster, outcome, mustAnswer, warmUpCount: warm.sent });
}

interface LoadedCluster extends RunFaultOptions {
  readonly cluster: FaultCluster;
  readonly pods: RunningPod[];
}

/** Gives the names of the applications that the fault says must have answered. */
async function underLoad(
  load: Load,
  { name, requests, cluster, pods, say }: LoadedCluster,
): Promise<readonly string[]> {
  const third = Math.ceil(requests / 3);
  await load.sent(third);
  load.enter('during');
  let isMiddleOver = false;
  const middle = load.sent(2 * third).then(() => {
    isMiddleOver = true;
  });
  const mustAnswer = await faults[name].run({
    cluster,
    pods,
    get hasTime() {
      return !isMiddleOver;
    },
    note: (what) => say(`${((performance.now() - load.startedMs) / 1_000).toFixed(2)} s: ${what}`),
    pause: (ms) => sleep(ms),
  });
  await middle;
  load.enter('after');
  await load.sent(Math.max(requests, load.sentCount + Math.ceil(third / 3)));
  return mustAnswer;
}

interface Stock {
  readonly cluster: FaultCluster;
  readonly outcome: LoadOutcome;
  readonly mustAnswer: readonly string[];
  readonly warmUpCount: number;
}

async function takeStock(name: FaultName, stock: Stock): Promise<FaultReport> {
  const { cluster, outcome } = stock;
  const { client, clientSidecar } = cluster;
  const violations = [...(await ordersViolations(stock)), ...(await countViolations(stock))];
  for (const application of stock.mustAnswer) {
    if (outcome.byApplication[application] === undefined) violations.push(`${application} answered nothing`);
  }
  return {
    name,
    outcome,
    violations,
    retries: await cluster.metric(client, 'tulle_retries_total', { direction: 'outbound', result: 'sent' }),
    accessLines: clientSidecar.log
      .filter(({ access }) => access !== undefined)
      .slice(0, keptAccessLines)
      .map((line) => JSON.stringify(line)),
  };
}

/** An order that was answered was processed, and none was twice. */
async function ordersViolations({ cluster, outcome }: Stock): Promise<string[]> {
  const processed = await cluster.processedOrders();
  const once = new Set(processed);
  const violations: string[] = [];
  if (once.size < processed.length)
    violations.push(`${processed.length - once.size} orders were processed twice`);
  const missing = outcome.answeredOrders.filter((order) => !once.has(order));
  if (missing.length > 0)
    violations.push(`${missing.length} orders were answered by nobody who processed them`);
  return violations;
}

/** The client's books and its sidecar's say the same. */
async function countViolations({ cluster, outcome, warmUpCount }: Stock): Promise<string[]> {
  const violations: string[] = [];
  const { sent, answered, failed } = outcome;
  if (sent !== answered + failed)
    violations.push(`${sent} sent, but ${answered} answered and ${failed} failed`);
  const counted = await cluster.metric(cluster.client, 'tulle_requests_total', { direction: 'outbound' });
  const expected = sent + warmUpCount;
  if (counted !== expected) violations.push(`the sidecar has counted ${counted} requests, not ${expected}`);
  return violations;
}
