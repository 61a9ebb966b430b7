import { expect, test } from 'vitest';
import { formatRateTable, type RateSample, summarizeRate } from './rate-summary.ts';

const rate = {
  kind: 'rate',
  name: 'latency-3200rps',
  protocol: 'h1',
  hops: 2,
  bodyBytes: 1024,
  connections: 64,
  requestsPerSecond: 3_200,
} as const;

const sample = (p99Us: number, cpuUsPerRequest: number): RateSample => ({
  requests: 12_800,
  requestsPerSecond: 3_200,
  failed: 0,
  p50Us: 300,
  p99Us,
  p999Us: 4_000,
  lateP99Us: 90,
  cpuUsPerRequest,
});

test('the p99 and the costs are compared each by itself', () => {
  const rows = summarizeRate(
    rate,
    new Map([
      ['nginx', [sample(1_000, 50), sample(900, 50), sample(3_000, 60)]],
      ['tulle', [sample(1_200, 25), sample(1_100, 30), sample(1_500, 20)]],
    ]),
  );
  expect(rows[1]).toMatchObject({
    p99Us: { median: 1_200, min: 1_100, max: 1_500 },
    p99Ratio: { nginx: 1.2, haproxy: Number.NaN },
    ratio: { nginx: 0.5, haproxy: Number.NaN },
  });
  const table = formatRateTable(rows).split('\n');
  expect(table).toHaveLength(3);
  expect(table[2]).toMatch(
    /latency-3200rps +tulle +3200 +300 +1200 +1100.0-1500.0 +1.20 +- +4000 +25.0 +0.50 +- +90/,
  );
});
