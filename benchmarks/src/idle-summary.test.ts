import { expect, test } from 'vitest';
import { formatIdleTable, summarizeIdle } from './idle-summary.ts';

test('what was there without connections is not charged to them', () => {
  const rows = summarizeIdle(
    { kind: 'idle', name: 'idle-h1', protocol: 'h1', hops: 1, bodyBytes: 1024 },
    new Map([
      ['haproxy', { connections: 1_024, emptyMb: 10, heldMb: 14 }],
      ['tulle', { connections: 1_024, emptyMb: 50, heldMb: 56 }],
    ]),
  );
  expect(rows[1]).toMatchObject({ kbPerConnection: 6, ratio: { nginx: Number.NaN, haproxy: 1.5 } });
  expect(formatIdleTable(rows).split('\n')).toHaveLength(3);
});
