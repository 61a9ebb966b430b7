import type { LoadCase } from './cases.ts';
import type { LoadResult } from './measure/load.ts';
import { formatRange, type Ratios, ratiosOf, type Spread, spreadOf } from './spread.ts';
import type { SubjectName } from './subjects/subject.ts';
import { formatColumns, formatRatio, median, round } from './table.ts';

export interface Sample extends LoadResult {
  readonly cpuUsPerRequest: number;
  readonly rssMb: number;
}

/** One line of the table of loads, and of `--json`. A ratio below 1 is cheaper than the peer. */
export interface LoadRow {
  readonly case: string;
  readonly subject: SubjectName;
  readonly cpuUsPerRequest: Spread;
  readonly ratio: Ratios;
  readonly requestsPerSecond: number;
  /** Of bodies of responses, in 10^6 bytes. */
  readonly mbPerSecond: number;
  readonly cpuUsPerMb: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly rssMb: number;
}

export function summarizeLoad(
  { name, bodyBytes }: LoadCase,
  samples: ReadonlyMap<SubjectName, readonly Sample[]>,
): LoadRow[] {
  const ratios = ratiosOf<Sample>(samples, (one) => one.cpuUsPerRequest);
  const mbPerRequest = bodyBytes / 1e6;
  return [...samples].map(([subject, list]) => {
    const costs = list.map((one) => one.cpuUsPerRequest);
    const requestsPerSecond = median(list.map((one) => one.requestsPerSecond));
    return {
      case: name,
      subject,
      cpuUsPerRequest: spreadOf(costs),
      ratio: ratios(subject),
      requestsPerSecond: round(requestsPerSecond, 0),
      mbPerSecond: round(requestsPerSecond * mbPerRequest, 0),
      cpuUsPerMb: round(median(costs) / mbPerRequest, 0),
      p50Us: round(median(list.map((one) => one.p50Us)), 0),
      p99Us: round(median(list.map((one) => one.p99Us)), 0),
      rssMb: round(Math.max(...list.map((one) => one.rssMb)), 0),
    };
  });
}

const header = [
  'case',
  'subject',
  'CPU us/request',
  'min-max',
  'x nginx',
  'x HAProxy',
  'req/s',
  'MB/s',
  'CPU us/MB',
  'p50 us',
  'p99 us',
  'RSS MB',
];

export function formatLoadTable(rows: readonly LoadRow[]): string {
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    row.cpuUsPerRequest.median.toFixed(1),
    formatRange(row.cpuUsPerRequest),
    formatRatio(row.ratio.nginx),
    formatRatio(row.ratio.haproxy),
    String(row.requestsPerSecond),
    String(row.mbPerSecond),
    String(row.cpuUsPerMb),
    String(row.p50Us),
    String(row.p99Us),
    String(row.rssMb),
  ]);
  return formatColumns(header, lines);
}
