import type { ChurnCase } from './cases.ts';
import type { ChurnResult } from './generators/churn.ts';
import { formatRange, type Ratios, ratiosOf, type Spread, spreadOf } from './spread.ts';
import type { SubjectName } from './subjects/subject.ts';
import { formatColumns, formatRatio, median, round } from './table.ts';

export interface ChurnSample extends ChurnResult {
  readonly cpuUsPerConnection: number;
  readonly rssMb: number;
}

/** One line of the table of new connections, and of `--json`. A ratio below 1 is cheaper than the peer. */
export interface ChurnRow {
  readonly case: string;
  readonly subject: SubjectName;
  readonly cpuUsPerConnection: Spread;
  readonly ratio: Ratios;
  readonly connectionsPerSecond: number;
  readonly rssMb: number;
}

export function summarizeChurn(
  { name }: ChurnCase,
  samples: ReadonlyMap<SubjectName, readonly ChurnSample[]>,
): ChurnRow[] {
  const ratios = ratiosOf<ChurnSample>(samples, (one) => one.cpuUsPerConnection);
  return [...samples].map(([subject, list]) => ({
    case: name,
    subject,
    cpuUsPerConnection: spreadOf(list.map((one) => one.cpuUsPerConnection)),
    ratio: ratios(subject),
    connectionsPerSecond: round(median(list.map((one) => one.connectionsPerSecond)), 0),
    rssMb: round(Math.max(...list.map((one) => one.rssMb)), 0),
  }));
}

const header = [
  'case',
  'subject',
  'CPU us/connection',
  'min-max',
  'x nginx',
  'x HAProxy',
  'connections/s',
  'RSS MB',
];

export function formatChurnTable(rows: readonly ChurnRow[]): string {
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    row.cpuUsPerConnection.median.toFixed(1),
    formatRange(row.cpuUsPerConnection),
    formatRatio(row.ratio.nginx),
    formatRatio(row.ratio.haproxy),
    String(row.connectionsPerSecond),
    String(row.rssMb),
  ]);
  return formatColumns(header, lines);
}
