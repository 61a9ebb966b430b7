import type { SubjectName, Workspace } from './subjects/subject.ts';

export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export const fullEffort: Effort = { rounds: 5, seconds: 4, warmUpSeconds: 2 };
export const quickEffort: Effort = { rounds: 2, seconds: 1, warmUpSeconds: 1 };

export interface RunOptions {
  readonly workspace: Workspace;
  readonly effort: Effort;
  readonly subjectNames: readonly SubjectName[];
  /** Of an idle case. */
  readonly idleConnections: number;
  say(line: string): void;
}
