import type { RateCase } from './cases.ts';
import type { OpenLoopResult } from './generators/open-loop.ts';
import { formatRange, type Ratios, ratiosOf, type Spread, spreadOf } from './spread.ts';
import type { SubjectName } from './subjects/subject.ts';
import { formatColumns, formatRatio, median, round } from './table.ts';

export interface RateSample extends OpenLoopResult {
  readonly cpuUsPerRequest: number;
}

/** One line of the table of latency at a steady rate, and of `--json`. A ratio below 1 is less than the peer's. */
export interface RateRow {
  readonly case: string;
  readonly subject: SubjectName;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: Spread;
  readonly p99Ratio: Ratios;
  readonly p999Us: number;
  readonly cpuUsPerRequest: Spread;
  readonly ratio: Ratios;
  /** How late the load itself sent: latency begins when a request is due, so that this is in it. */
  readonly lateP99Us: number;
}

export function summarizeRate(
  { name }: RateCase,
  samples: ReadonlyMap<SubjectName, readonly RateSample[]>,
): RateRow[] {
  const costRatios = ratiosOf<RateSample>(samples, (one) => one.cpuUsPerRequest);
  const p99Ratios = ratiosOf<RateSample>(samples, (one) => one.p99Us);
  return [...samples].map(([subject, list]) => {
    const typical = (read: (one: RateSample) => number) => round(median(list.map(read)), 0);
    return {
      case: name,
      subject,
      requestsPerSecond: typical((one) => one.requestsPerSecond),
      p50Us: typical((one) => one.p50Us),
      p99Us: spreadOf(list.map((one) => one.p99Us)),
      p99Ratio: p99Ratios(subject),
      p999Us: typical((one) => one.p999Us),
      cpuUsPerRequest: spreadOf(list.map((one) => one.cpuUsPerRequest)),
      ratio: costRatios(subject),
      lateP99Us: typical((one) => one.lateP99Us),
    };
  });
}

const header = [
  'case',
  'subject',
  'req/s',
  'p50 us',
  'p99 us',
  'min-max',
  'x nginx',
  'x HAProxy',
  'p99.9 us',
  'CPU us/request',
  'x nginx',
  'x HAProxy',
  'late p99 us',
];

export function formatRateTable(rows: readonly RateRow[]): string {
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    String(row.requestsPerSecond),
    String(row.p50Us),
    row.p99Us.median.toFixed(0),
    formatRange(row.p99Us),
    formatRatio(row.p99Ratio.nginx),
    formatRatio(row.p99Ratio.haproxy),
    String(row.p999Us),
    row.cpuUsPerRequest.median.toFixed(1),
    formatRatio(row.ratio.nginx),
    formatRatio(row.ratio.haproxy),
    String(row.lateP99Us),
  ]);
  return formatColumns(header, lines);
}
