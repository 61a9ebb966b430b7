import type { PinnedProcess } from '../measure/pinned-process.ts';

/** One proxy, or pair of proxies, under measurement. */
export interface Subject {
  readonly name: SubjectName;
  readonly url: string;
  /** The Host header that names the destination, where the URL doesn't. */
  readonly host?: string;
  /** The processes whose CPU and memory count. */
  readonly measured: readonly PinnedProcess[];
  stop(): Promise<void>;
}

export type SubjectName = 'tulle' | 'nginx' | 'haproxy';
export type CaseName = 'one-hop-h1' | 'two-hop-mtls';

/** Everything of a run lives in one temporary folder. */
export interface Workspace {
  readonly folder: string;
}

export type SubjectStarter = (name: CaseName, workspace: Workspace) => Promise<Subject>;
