import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@tulle/testkit';
import { FaultCluster, type RunningPod, service } from './fault-cluster.ts';
import { type FaultName, faults } from './faults/faults.ts';
import type { LoadOptions } from './load/load-worker.ts';
import { type Load, startLoad } from './load/start-load.ts';
import type { LoadOutcome } from './load/tally.ts';

export interface RunFaultOptions {
  readonly name: FaultName;
  /** At least; a fault that takes longer than the middle third is under load for as long as it takes. */
  readonly requests: number;
  readonly perSecond: number;
  /** That the service may have in the course of it, one after the other. */
  readonly mostPods: number;
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
  /** What the sidecars logged that was no mere information, the first of it. */
  readonly sidecarLines: readonly string[];
}

const podCount = 3;
const warmUpRequests = 200;
/** Numbers that no request of the load has. */
const warmUpFirst = -1_000_000;
const keptSidecarLines = 10;

/** Runs a fault in the middle third of a steady load, on a mesh of its own, and takes stock. */
export async function runFault(options: RunFaultOptions): Promise<FaultReport> {
  const { name, perSecond, say } = options;
  await using cluster = await FaultCluster.start(options.mostPods, faults[name].controlPlaneEnv);
  const pods = await Promise.all(Array.from({ length: podCount }, () => cluster.startPod()));
  for (const pod of pods) await cluster.addEndpoint(pod);
  const target = { via: cluster.client.address, host: service, perSecond };
  await warmUp(target);
  const countedBefore = await countedRequests(cluster);
  say(`${options.requests} requests at ${perSecond} a second`);
  await using load = startLoad({ ...target, firstNumber: 0 });
  const mustAnswer = await underLoad(load, { ...options, cluster, pods });
  const outcome = await load.stop();
  // Awaited here: the mesh is asked for its metrics before it is gone.
  return await takeStock(name, { cluster, outcome, mustAnswer, countedBefore });
}

interface LoadedCluster extends RunFaultOptions {
  readonly cluster: FaultCluster;
  readonly pods: RunningPod[];
}

/** Until the control plane has told of all pods, and each has served. */
async function warmUp(target: Omit<LoadOptions, 'firstNumber'>): Promise<void> {
  const attempt = async () => {
    await using load = startLoad({ ...target, firstNumber: warmUpFirst });
    await load.sent(warmUpRequests);
    const { byReason, byApplication } = await load.stop();
    const isWell = Object.keys(byReason).length === 0 && Object.keys(byApplication).length === podCount;
    if (!isWell) throw new Error(`the mesh serves badly: ${JSON.stringify({ byReason, byApplication })}`);
  };
  await eventually(attempt, { timeoutMs: 30_000 });
}

function countedRequests(cluster: FaultCluster): Promise<number> {
  return cluster.metric(cluster.client, 'tulle_requests_total', { direction: 'outbound' });
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
    hasTime: () => !isMiddleOver,
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
  readonly countedBefore: number;
}

async function takeStock(name: FaultName, stock: Stock): Promise<FaultReport> {
  const { cluster, outcome } = stock;
  const { client } = cluster;
  const violations = [...(await ordersViolations(stock)), ...(await countViolations(stock))];
  for (const application of stock.mustAnswer) {
    if (outcome.byApplication[application] === undefined) violations.push(`${application} answered nothing`);
  }
  return {
    name,
    outcome,
    violations,
    retries: await cluster.metric(client, 'tulle_retries_total', { direction: 'outbound', result: 'sent' }),
    sidecarLines: cluster.troubles().slice(0, keptSidecarLines),
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
async function countViolations({ cluster, outcome, countedBefore }: Stock): Promise<string[]> {
  const violations: string[] = [];
  const { sent, answered, failed } = outcome;
  if (sent !== answered + failed)
    violations.push(`${sent} sent, but ${answered} answered and ${failed} failed`);
  const counted = (await countedRequests(cluster)) - countedBefore;
  if (counted !== sent) violations.push(`the sidecar has counted ${counted} requests, not ${sent}`);
  return violations;
}
