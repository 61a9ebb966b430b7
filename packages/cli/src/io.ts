import type { createColors } from 'picocolors';
import type { Cluster, ClusterOptions } from './cluster/cluster.ts';

/** What a command may touch of the world besides files; injected, so that tests see what an operator sees. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly colors: ReturnType<typeof createColors>;
  readonly fetch: typeof fetch;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly connect: (options: ClusterOptions) => Cluster;
  readonly nowMs: () => number;
}
