import { type LoadCase, speaksH1 } from '../cases.ts';
import { runH2load } from './h2load.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { runWrk } from './wrk.ts';

/** A closed-loop load with one thread on a core of its own; bounded in time. */
export function runLoad({ protocol, bodyBytes }: LoadCase, options: LoadOptions): Promise<LoadResult> {
  if (speaksH1(protocol)) return runWrk(options);
  return runH2load(options, protocol === 'grpc' ? bodyBytes : null);
}
