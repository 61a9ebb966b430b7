/** The sum of a metric's series that have all of `labels`; 0 where there is none. */
export function metricSum(page: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  return seriesOf(page, name, labels).reduce((sum, { value }) => sum + value, 0);
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The series of a metric that have all of `labels` (Prometheus text format). */
export function seriesOf(
  page: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Series[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => ({
      labels: Object.fromEntries(
        [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
      ),
      value: Number(line.slice(line.lastIndexOf(' ') + 1)),
    }))
    .filter((series) => Object.entries(labels).every(([key, value]) => series.labels[key] === value));
}
