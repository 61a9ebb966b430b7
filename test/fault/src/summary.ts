import type { FaultReport } from './run-fault.ts';

/** The figures of a run, as `--json` leaves them. */
export interface FaultFigures {
  readonly name: string;
  readonly requests: number;
  readonly failed: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly p99BeforeMs: number;
  readonly p99DuringMs: number;
}

const shownFailures = 10;

export function figuresOf({ name, outcome }: FaultReport): FaultFigures {
  const { sent, failed, byReason, p99Ms } = outcome;
  return {
    name,
    requests: sent,
    failed,
    byReason,
    p99BeforeMs: round(p99Ms.before),
    p99DuringMs: round(p99Ms.during),
  };
}

export function formatReport({ name, outcome, retries, violations, sidecarLines }: FaultReport): string {
  const { sent, failed, p99Ms, byReason, byApplication, failures } = outcome;
  const lines = [
    `${name}: ${sent} requests, ${failed} failed, ${retries} sent again by the client's sidecar`,
    `p99: ${round(p99Ms.before)} ms before, ${round(p99Ms.during)} ms during, ${round(p99Ms.after)} ms after`,
    `answered: ${listOf(byApplication)}`,
  ];
  if (failed > 0) {
    lines.push(`failed: ${listOf(byReason)}`);
    for (const { atMs, method, path, reason } of failures.slice(0, shownFailures))
      lines.push(`  ${(atMs / 1_000).toFixed(3)} s ${method} ${path}: ${reason}`);
    lines.push(...sidecarLines);
  }
  lines.push(...violations.map((violation) => `WRONG: ${violation}`));
  return lines.join('\n');
}

function listOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
