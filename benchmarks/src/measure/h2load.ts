import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { applicationBody } from '../application.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { grpcRequestHeaders, requestHeaders } from './request-headers.ts';

/** HTTP/2 by prior knowledge, by h2load. With `messageBytes`, unary gRPC calls with a message of that size. */
export async function runH2load(options: LoadOptions, messageBytes: number | null): Promise<LoadResult> {
  const { url, host, connections, streams, seconds, core, folder } = options;
  const logFile = join(folder, 'h2load.log');
  rmSync(logFile, { force: true });
  const args = ['-c', String(core), 'h2load', '-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`];
  args.push(`--log-file=${logFile}`);
  const headers = messageBytes === null ? requestHeaders : grpcRequestHeaders;
  for (const header of headers) args.push('-H', header);
  if (host !== undefined) args.push('-H', `:authority: ${host}`);
  if (messageBytes !== null) {
    const messageFile = join(folder, 'message');
    writeFileSync(messageFile, applicationBody('grpc', messageBytes));
    args.push('-d', messageFile);
  }
  const { stdout } = await promisify(execFile)('taskset', [...args, url], { timeout: (seconds + 20) * 1000 });
  return parseH2load(stdout, readFileSync(logFile, 'utf8'), seconds);
}

/**
 * Reads h2load's report, and for the quantiles, which that lacks, its log of requests: lines of start (us
 * since the epoch), status and duration (us). Throws with the report itself where it isn't one.
 */
export function parseH2load(report: string, log: string, seconds: number): LoadResult {
  const counts =
    /requests: \d+ total, \d+ started, (\d+) done, \d+ succeeded, (\d+) failed, \d+ errored, (\d+) timeout/.exec(
      report,
    );
  const statuses = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(report);
  const durationsUs = readDurations(log);
  if (counts === null || statuses === null || durationsUs.length === 0) {
    throw new Error(`h2load gave no figures:\n${report}`);
  }
  const requests = Number(counts[1]);
  return {
    requests,
    requestsPerSecond: requests / seconds,
    p50Us: quantile(durationsUs, 0.5),
    p99Us: quantile(durationsUs, 0.99),
    // "errored" is a part of "failed"; an answer of 4xx or 5xx is too, and is counted here only once.
    failed: Math.max(Number(counts[2]), Number(statuses[3]) + Number(statuses[4])) + Number(counts[3]),
  };
}

function readDurations(log: string): Float64Array {
  const durations: number[] = [];
  for (const line of log.split('\n')) {
    const durationUs = Number(line.slice(line.lastIndexOf('\t') + 1));
    if (line !== '' && Number.isFinite(durationUs)) durations.push(durationUs);
  }
  return Float64Array.from(durations).sort();
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
