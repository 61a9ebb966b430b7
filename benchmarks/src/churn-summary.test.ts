import { expect, test } from 'vitest';
import { type ChurnSample, formatChurnTable, summarizeChurn } from './churn-summary.ts';

const sample = (cpuUsPerConnection: number): ChurnSample => ({
  connections: 4_000,
  connectionsPerSecond: 1_000,
  resumed: 0,
  failed: 0,
  cpuUsPerConnection,
  rssMb: 50,
});

test('the costs of connections are compared by their medians', () => {
  const rows = summarizeChurn(
    {
      kind: 'churn',
      name: 'connection-churn-plain',
      protocol: 'h1',
      hops: 1,
      bodyBytes: 1024,
      door: 'application',
      resumes: false,
      connections: 16,
    },
    new Map([
      ['nginx', [sample(100), sample(110), sample(400)]],
      ['tulle', [sample(165)]],
    ]),
  );
  expect(rows[1]).toMatchObject({ cpuUsPerConnection: { median: 165 }, ratio: { nginx: 1.5 } });
  expect(formatChurnTable(rows).split('\n')).toHaveLength(3);
});
