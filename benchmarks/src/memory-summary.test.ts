import { expect, test } from 'vitest';
import { formatMemoryTable, summarizeMemory } from './memory-summary.ts';

test('resident and private memory are compared each by itself', () => {
  const rows = summarizeMemory(
    { kind: 'memory', name: 'idle-memory', protocol: 'h1', hops: 1, bodyBytes: 1024 },
    new Map([
      ['haproxy', [{ rssMb: 20, privateMb: 10 }]],
      ['tulle', [100, 80, 90].map((rssMb) => ({ rssMb, privateMb: rssMb / 2 }))],
    ]),
  );
  expect(rows[1]).toMatchObject({
    rssMb: { median: 90, min: 80, max: 100 },
    rssRatio: { nginx: Number.NaN, haproxy: 4.5 },
    privateMb: { median: 45, min: 40, max: 50 },
    privateRatio: { nginx: Number.NaN, haproxy: 4.5 },
  });
  expect(formatMemoryTable(rows).split('\n')).toHaveLength(3);
});
