import { describe, expect, it } from 'vitest';
import { spiffeIdOf } from './cast.ts';
import { checkRun } from './checks.ts';
import type { EdgeCounts } from './scrape.ts';

const edge: EdgeCounts = {
  source: 'web',
  destination: 'catalog',
  requests: 1_000,
  failures: 5,
  mtlsRequests: 1_000,
  plainRequests: 0,
  byBackend: { 'catalog-v1': 700, 'catalog-v2': 300 },
  byPeer: { [spiffeIdOf('catalog')]: 1_000 },
  callers: [spiffeIdOf('orders'), spiffeIdOf('web')],
  latency: new Map(),
};
const shift = {
  before: { v1: 0.9, v2: 0.1 },
  beforeCount: 1_000,
  after: { v1: 0.5, v2: 0.5 },
  afterCount: 1_000,
  effectMs: 40,
};
const kill = {
  errors: 9,
  errorWindowMs: 330,
  removedAfterMs: 310,
  errorsAfterRemovalMs: 20,
  pagesSince: 300,
  fromMs: 0,
  toMs: 1_310,
};
const good = { measures: { shift, kill }, edges: [edge], failures: [] };
const unmet = (run: Parameters<typeof checkRun>[0]) =>
  checkRun(run)
    .filter(({ isMet }) => !isMet)
    .map(({ what }) => what);
const withShift = (change: Partial<typeof shift> | { effectMs: null }) => ({
  ...good,
  measures: { kill, shift: { ...shift, ...change } },
});

describe('checkRun', () => {
  it('is content with a good run', () => {
    expect(unmet(good)).toEqual([]);
  });

  it('finds each promise that was not kept', () => {
    expect(unmet(withShift({ before: { v1: 0.7, v2: 0.3 } }))).toEqual([
      expect.stringContaining('before the shift'),
    ]);
    expect(unmet(withShift({ after: { v1: 0.9, v2: 0.1 } }))).toEqual([expect.stringContaining('after it')]);
    expect(unmet(withShift({ effectMs: 1_200 }))).toEqual([expect.stringContaining('takes effect')]);
    expect(unmet(withShift({ effectMs: null }))).toEqual([expect.stringContaining('takes effect')]);
    const failures = [{ startMs: 1, endMs: 2, fault: '502: orders 502', versions: [] }];
    expect(unmet({ ...good, failures })).toEqual([expect.stringContaining('no page fails')]);
    const stuck = { ...kill, errorsAfterRemovalMs: 1_500 };
    expect(unmet({ ...good, measures: { shift, kill: stuck } })).toEqual([
      expect.stringContaining('errors end'),
    ]);
  });

  it('wants mutual TLS with the expected identity at both ends of an edge', () => {
    const faults: Partial<EdgeCounts>[] = [
      { plainRequests: 1 },
      { mtlsRequests: 0 },
      { byPeer: { [spiffeIdOf('orders')]: 1_000 } },
      { byPeer: { [spiffeIdOf('catalog')]: 999, [spiffeIdOf('orders')]: 1 } },
      { callers: [spiffeIdOf('orders')] },
      { callers: [spiffeIdOf('web'), 'plain unknown'] },
    ];
    for (const fault of faults)
      expect(unmet({ ...good, edges: [{ ...edge, ...fault }] }), JSON.stringify(fault)).toEqual([
        'web -> catalog is mutual TLS between the expected identities',
      ]);
  });
});
