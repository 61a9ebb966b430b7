import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterView } from './cluster-view.ts';

export type Level = 'ok' | 'warn' | 'fail';

/** Something that is not as it should be, and what to do about it. */
export interface Finding {
  readonly level: 'warn' | 'fail';
  readonly message: string;
  readonly hint: string;
}

export interface CheckOutcome {
  /** What was seen where nothing is wrong. */
  readonly summary: string;
  readonly findings: readonly Finding[];
}

/** One question that is put to a cluster. A check that throws has failed with what it threw. */
export interface Check {
  readonly name: string;
  run(context: CheckContext): Promise<CheckOutcome>;
}

export interface CheckContext {
  readonly cluster: Cluster;
  readonly view: ClusterView;
  /** The mesh's own. */
  readonly namespace: string;
  /** This program's, which the mesh's should be. */
  readonly version: string;
  readonly nowMs: () => number;
}

export function fail(message: string, hint: string): Finding {
  return { level: 'fail', message, hint };
}

export function warn(message: string, hint: string): Finding {
  return { level: 'warn', message, hint };
}

export function levelOf(findings: readonly Finding[]): Level {
  if (findings.some(({ level }) => level === 'fail')) return 'fail';
  return findings.length > 0 ? 'warn' : 'ok';
}

const maxNames = 5;

/** The first few names: enough to find the rest by. */
export function someOf(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, maxNames).join(', ');
  return names.length > maxNames ? `${shown} and ${names.length - maxNames} more` : shown;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
