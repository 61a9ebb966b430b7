import { describe, expect, test } from 'vitest';
import { parseH2load } from './h2load.ts';

const report = `starting benchmark...
finished in 2.00s, 44000.00 req/s, 44.41MB/s
requests: 88000 total, 88064 started, 88000 done, 88000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 88000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 88.82MB (93134688) total, 602.14KB (616592) headers (space savings 96.19%), 85.88MB (90054656) data
`;
const log = Array.from({ length: 100 }, (_, at) => `1795866671600626\t200\t${(100 - at) * 10}\n`).join('');

describe('reading h2load', () => {
  test('takes requests and rate from the report, quantiles from the log', () => {
    expect(parseH2load(report, log, 2)).toEqual({
      requests: 88_000,
      requestsPerSecond: 44_000,
      p50Us: 510,
      p99Us: 1_000,
      failed: 0,
    });
  });

  test('counts refusals, resets and timeouts as failed', () => {
    const refused = report.replace('0 4xx, 0 5xx', '1 4xx, 2 5xx').replace('0 failed', '3 failed');
    expect(parseH2load(refused, log, 2).failed).toBe(3);
    const broken = report.replace('0 failed, 0 errored, 0 timeout', '5 failed, 5 errored, 4 timeout');
    expect(parseH2load(broken, log, 2).failed).toBe(9);
  });

  test('refuses what is no report', () => {
    expect(() => parseH2load('unable to connect', log, 2)).toThrow('unable to connect');
  });

  test('refuses a run in which no request was answered', () => {
    expect(() => parseH2load(report, '', 2)).toThrow('no figures');
  });
});
