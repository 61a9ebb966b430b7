import { expect, test } from 'vitest';
import { formatLoadTable, type Sample, summarizeLoad } from './load-summary.ts';
import { median } from './table.ts';

const sample = (cpuUsPerRequest: number): Sample => ({
  cpuUsPerRequest,
  rssMb: 50,
  requests: 1_000,
  requestsPerSecond: 500,
  p50Us: 100,
  p99Us: 400,
  failed: 0,
});

const oneHop = {
  kind: 'load',
  name: 'one-hop-h1',
  protocol: 'h1',
  hops: 1,
  bodyBytes: 1024,
  connections: 64,
  streams: 1,
} as const;

test('ratios compare medians within one run', () => {
  const rows = summarizeLoad(
    { ...oneHop, bodyBytes: 64 * 1024 },
    new Map([
      ['nginx', [sample(10), sample(20), sample(12)]],
      ['haproxy', [sample(24), sample(24), sample(24)]],
      ['tulle', [sample(18), sample(15), sample(40)]],
    ]),
  );
  const tulle = rows.find((row) => row.subject === 'tulle');
  expect(tulle).toMatchObject({
    cpuUsPerRequest: { median: 18, min: 15, max: 40 },
    ratio: { nginx: 1.5, haproxy: 0.75 },
    mbPerSecond: 33,
    cpuUsPerMb: 275,
  });
  expect(formatLoadTable(rows).split('\n')).toHaveLength(4);
});

test('a ratio to what was left out is not a figure', () => {
  const [row] = summarizeLoad(oneHop, new Map([['tulle', [sample(18)]]]));
  expect(row!.ratio.nginx).toBeNaN();
  expect(formatLoadTable([row!])).not.toContain('NaN');
});

test('the median of an even count lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});
