import type { LoadCase } from './cases.ts';
import type { LoadResult } from './measure/load.ts';
import type { SubjectName } from './subjects/subject.ts';
import { formatColumns, formatRatio, median, round } from './table.ts';

export interface Sample extends LoadResult {
  readonly cpuUsPerRequest: number;
  readonly rssMb: number;
}

/** One line of the table, and of `--json`. A ratio below 1 is cheaper than the peer. */
export interface Row {
  readonly case: string;
  readonly subject: SubjectName;
  readonly cpuUsPerRequest: { readonly median: number; readonly min: number; readonly max: number };
  readonly ratio: { readonly nginx: number; readonly haproxy: number };
  readonly requestsPerSecond: number;
  /** Of bodies of responses, in 10^6 bytes. */
  readonly mbPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly rssMb: number;
}

export function summarize(
  { name, bodyBytes }: LoadCase,
  samples: ReadonlyMap<SubjectName, readonly Sample[]>,
): Row[] {
  const cost = (subject: SubjectName) =>
    median((samples.get(subject) ?? []).map((one) => one.cpuUsPerRequest));
  return [...samples].map(([subject, list]) => {
    const costs = list.map((one) => one.cpuUsPerRequest);
    const requestsPerSecond = median(list.map((one) => one.requestsPerSecond));
    return {
      case: name,
      subject,
      cpuUsPerRequest: {
        median: round(median(costs), 1),
        min: round(Math.min(...costs), 1),
        max: round(Math.max(...costs), 1),
      },
      ratio: {
        nginx: round(median(costs) / cost('nginx'), 2),
        haproxy: round(median(costs) / cost('haproxy'), 2),
      },
      requestsPerSecond: round(requestsPerSecond, 0),
      mbPerSecond: round((requestsPerSecond * bodyBytes) / 1e6, 0),
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
  'p50 us',
  'p99 us',
  'RSS MB',
];

export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    row.cpuUsPerRequest.median.toFixed(1),
    `${row.cpuUsPerRequest.min.toFixed(1)}-${row.cpuUsPerRequest.max.toFixed(1)}`,
    formatRatio(row.ratio.nginx),
    formatRatio(row.ratio.haproxy),
    String(row.requestsPerSecond),
    String(row.mbPerSecond),
    String(row.p50Us),
    String(row.p99Us),
    String(row.rssMb),
  ]);
  return formatColumns(header, lines);
}
