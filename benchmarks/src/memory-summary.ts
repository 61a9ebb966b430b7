import type { MemoryCase } from './cases.ts';
import { formatRange, type Ratios, ratiosOf, type Spread, spreadOf } from './spread.ts';
import type { SubjectName } from './subjects/subject.ts';
import { formatColumns, formatRatio } from './table.ts';

export interface MemorySample {
  /** All pages of the process that are in memory. */
  readonly rssMb: number;
  /** Those that no other process shares: what one more of the same program costs. */
  readonly privateMb: number;
}

/** One line of the table of idle programs, and of `--json`. A ratio below 1 is smaller than the peer. */
export interface MemoryRow {
  readonly case: string;
  readonly subject: SubjectName;
  readonly rssMb: Spread;
  readonly rssRatio: Ratios;
  readonly privateMb: Spread;
  readonly privateRatio: Ratios;
}

export function summarizeMemory(
  { name }: MemoryCase,
  samples: ReadonlyMap<SubjectName, readonly MemorySample[]>,
): MemoryRow[] {
  const rssRatios = ratiosOf<MemorySample>(samples, (one) => one.rssMb);
  const privateRatios = ratiosOf<MemorySample>(samples, (one) => one.privateMb);
  return [...samples].map(([subject, list]) => ({
    case: name,
    subject,
    rssMb: spreadOf(list.map((one) => one.rssMb)),
    rssRatio: rssRatios(subject),
    privateMb: spreadOf(list.map((one) => one.privateMb)),
    privateRatio: privateRatios(subject),
  }));
}

const header = [
  'case',
  'subject',
  'RSS MB',
  'min-max',
  'x nginx',
  'x HAProxy',
  'private MB',
  'min-max',
  'x nginx',
  'x HAProxy',
];

export function formatMemoryTable(rows: readonly MemoryRow[]): string {
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    row.rssMb.median.toFixed(1),
    formatRange(row.rssMb),
    formatRatio(row.rssRatio.nginx),
    formatRatio(row.rssRatio.haproxy),
    row.privateMb.median.toFixed(1),
    formatRange(row.privateMb),
    formatRatio(row.privateRatio.nginx),
    formatRatio(row.privateRatio.haproxy),
  ]);
  return formatColumns(header, lines);
}
