import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoadOptions, LoadResult } from './load.ts';
import { requestHeaders } from './request-headers.ts';

/** HTTP/1.1 by wrk. */
export async function runWrk({ url, host, connections, seconds, core }: LoadOptions): Promise<LoadResult> {
  const headers = [...requestHeaders, ...(host === undefined ? [] : [`Host: ${host}`])];
  const args = ['-c', String(core), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency'];
  for (const header of headers) args.push('-H', header);
  const { stdout } = await promisify(execFile)('taskset', [...args, url], { timeout: (seconds + 20) * 1000 });
  return parseWrk(stdout);
}

/** Reads wrk's report; throws with the report itself where it isn't one. */
export function parseWrk(report: string): LoadResult {
  const total = /(\d+) requests in ([\d.]+)(s|m)/.exec(report);
  const p50 = /^\s+50%\s+([\d.]+)(us|ms|s)/m.exec(report);
  const p99 = /^\s+99%\s+([\d.]+)(us|ms|s)/m.exec(report);
  if (total === null || p50 === null || p99 === null) throw new Error(`wrk gave no figures:\n${report}`);
  const requests = Number(total[1]);
  const seconds = Number(total[2]) * (total[3] === 'm' ? 60 : 1);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0);
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report);
  const broken =
    socketErrors === null ? 0 : socketErrors.slice(1).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests,
    requestsPerSecond: requests / seconds,
    p50Us: toMicroseconds(p50),
    p99Us: toMicroseconds(p99),
    failed: refused + broken,
  };
}

const unitUs: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000 };

function toMicroseconds(match: RegExpExecArray): number {
  return Number(match[1]) * (unitUs[match[2]!] ?? Number.NaN);
}
