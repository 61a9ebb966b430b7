import { writeFile } from 'node:fs/promises';
import { quantileMs } from './latency-histogram.ts';
import type { EdgeCounts } from './scrape.ts';
import type { StoryMeasures } from './story.ts';
import type { VersionSplit } from './version-shift.ts';

/** The figures of a run, as `--json` leaves them. */
export interface Report {
  /** Pages loaded; each is four requests through the mesh. */
  readonly requests: number;
  /** Pages that failed outside of the kill's window. */
  readonly failed: number;
  readonly edges: readonly EdgeReport[];
  readonly shift: {
    readonly before: VersionSplit;
    readonly after: VersionSplit;
    readonly effectMs: number | null;
  };
  readonly kill: { readonly errors: number; readonly errorWindowMs: number; readonly removedAfterMs: number };
}

export interface EdgeReport {
  readonly source: string;
  readonly destination: string;
  /** Every answered request went over mutual TLS. */
  readonly mtls: boolean;
  /** The identity that the calling sidecar verified at the other end. */
  readonly identity: string | null;
  /** The identities that the receiving sidecars verified at theirs, of all their callers. */
  readonly callers: readonly string[];
  readonly requests: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export function makeReport(run: {
  readonly requests: number;
  readonly failed: number;
  readonly edges: readonly EdgeCounts[];
  readonly measures: StoryMeasures;
}): Report {
  const { shift, kill } = run.measures;
  return {
    requests: run.requests,
    failed: run.failed,
    edges: run.edges.map(reportEdge),
    shift: {
      before: roundSplit(shift.before),
      after: roundSplit(shift.after),
      effectMs: shift.effectMs === null ? null : round(shift.effectMs),
    },
    kill: {
      errors: kill.errors,
      errorWindowMs: round(kill.errorWindowMs),
      removedAfterMs: round(kill.removedAfterMs),
    },
  };
}

export async function writeReport(file: string, report: Report): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

function reportEdge(edge: EdgeCounts): EdgeReport {
  const p50Ms = quantileMs(edge.latency, 0.5);
  const p99Ms = quantileMs(edge.latency, 0.99);
  return {
    source: edge.source,
    destination: edge.destination,
    mtls: edge.mtlsRequests > 0 && edge.plainRequests === 0,
    identity: Object.keys(edge.byPeer).join(' ') || null,
    callers: edge.callers,
    requests: edge.requests,
    p50Ms: p50Ms === null ? null : round(p50Ms),
    p99Ms: p99Ms === null ? null : round(p99Ms),
  };
}

function roundSplit(split: VersionSplit): VersionSplit {
  return Object.fromEntries(Object.entries(split).map(([version, share]) => [version, round(share, 3)]));
}

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
