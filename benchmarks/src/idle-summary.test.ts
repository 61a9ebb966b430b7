import { expect, test } from 'vitest';
import { formatIdleTable, summarizeIdle } from './idle-summary.ts';

const small = { protocol: 'h1', hops: 1, bodyBytes: 1024 } as const;

test('what was there without connections is not charged to them', () => {
  const rows = summarizeIdle(
    { ...small, kind: 'idle', name: 'idle-connections-h1', door: 'application', mostConnections: 10_000 },
    new Map([
      ['haproxy', { connections: 1_024, emptyMb: 10, heldMb: 14 }],
      ['tulle', { connections: 1_024, emptyMb: 50, heldMb: 56 }],
    ]),
  );
  expect(rows[1]).toMatchObject({ kbPerConnection: 6, ratio: { nginx: Number.NaN, haproxy: 1.5 } });
  expect(formatIdleTable(rows).split('\n')).toHaveLength(3);
});
