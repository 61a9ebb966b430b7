import type { Setup } from '../cases.ts';
import type { PinnedProcess } from '../measure/pinned-process.ts';

/** One proxy, or pair of proxies, under measurement. */
export interface Subject {
  readonly name: SubjectName;
  /** Where the load connects to. */
  readonly address: string;
  readonly port: number;
  /** The Host header that names the destination, where address and port don't. */
  readonly host?: string;
  /** The processes whose CPU and memory count. */
  readonly measured: readonly PinnedProcess[];
  stop(): Promise<void>;
}

export type SubjectName = 'tulle' | 'nginx' | 'haproxy' | 'haproxy-h2';

/** Everything of a run lives in one temporary folder. */
export interface Workspace {
  readonly folder: string;
}

export type SubjectStarter = (setup: Setup, workspace: Workspace) => Promise<Subject>;
