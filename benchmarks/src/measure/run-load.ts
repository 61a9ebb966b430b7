import type { LoadCase } from '../cases.ts';
import type { ClosedLoopResult } from '../generators/closed-loop.ts';
import { runH2load } from './h2load.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { requestHeaders } from './request-headers.ts';
import { runGenerator } from './run-generator.ts';
import { runWrk } from './wrk.ts';

/** A closed-loop load with one thread on a core of its own; bounded in time. */
export function runLoad({ protocol, bodyBytes }: LoadCase, options: LoadOptions): Promise<LoadResult> {
  switch (protocol) {
    case 'h1':
      return runWrk(options);
    case 'h2c':
    case 'grpc':
      return runH2load(options, protocol === 'grpc' ? bodyBytes : null);
    case 'tcp':
      return runOwn(options);
  }
}

/** Bytes have a handshake for each connection of the client, which wrk would count among the requests. */
async function runOwn({ url, host, connections, seconds, core, pids }: LoadOptions): Promise<LoadResult> {
  const { hostname, port, pathname } = new URL(url);
  const target = { address: hostname, port: Number(port), authority: host ?? hostname, path: pathname };
  return (await runGenerator(
    { name: 'closed-loop', ...target, headers: requestHeaders, connections, seconds, pids },
    { core, timeoutMs: (seconds + 60) * 1000 },
  )) as ClosedLoopResult;
}
