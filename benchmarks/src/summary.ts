import type { LoadResult } from './measure/load.ts';
import type { CaseName, SubjectName } from './subjects/subject.ts';

export interface Sample extends LoadResult {
  readonly cpuUsPerRequest: number;
  readonly rssMb: number;
}

/** One line of the table, and of `--json`. A ratio below 1 is cheaper than the peer. */
export interface Row {
  readonly case: CaseName;
  readonly subject: SubjectName;
  readonly cpuUsPerRequest: { readonly median: number; readonly min: number; readonly max: number };
  readonly ratio: { readonly nginx: number; readonly haproxy: number };
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly rssMb: number;
}

export function summarize(name: CaseName, samples: ReadonlyMap<SubjectName, readonly Sample[]>): Row[] {
  const cost = (subject: SubjectName) =>
    median((samples.get(subject) ?? []).map((one) => one.cpuUsPerRequest));
  return [...samples].map(([subject, list]) => {
    const costs = list.map((one) => one.cpuUsPerRequest);
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
      requestsPerSecond: round(median(list.map((one) => one.requestsPerSecond)), 0),
      p50Us: round(median(list.map((one) => one.p50Us)), 0),
      p99Us: round(median(list.map((one) => one.p99Us)), 0),
      rssMb: round(Math.max(...list.map((one) => one.rssMb)), 0),
    };
  });
}

export function formatTable(rows: readonly Row[]): string {
  const header = [
    'case',
    'subject',
    'CPU us/request',
    'min-max',
    'x nginx',
    'x HAProxy',
    'req/s',
    'p50 us',
    'p99 us',
    'RSS MB',
  ];
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    row.cpuUsPerRequest.median.toFixed(1),
    `${row.cpuUsPerRequest.min.toFixed(1)}-${row.cpuUsPerRequest.max.toFixed(1)}`,
    row.ratio.nginx.toFixed(2),
    row.ratio.haproxy.toFixed(2),
    String(row.requestsPerSecond),
    String(row.p50Us),
    String(row.p99Us),
    String(row.rssMb),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]!.length)),
  );
  const format = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return [format(header), ...lines.map(format)].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
