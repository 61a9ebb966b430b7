import { describe, expect, test } from 'vitest';
import { parseWrk } from './wrk.ts';

const report = `Running 2s test @ http://127.0.0.1:9000/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.20ms  300.00us   5.00ms   80.00%
  Latency Distribution
     50%    1.10ms
     75%    1.30ms
     90%    1.60ms
     99%    870.00us
  100000 requests in 2.00s, 120.00MB read
Requests/sec:  50000.00
`;

describe('reading wrk', () => {
  test('takes requests, rate and quantiles in microseconds', () => {
    expect(parseWrk(report)).toEqual({
      requests: 100_000,
      requestsPerSecond: 50_000,
      p50Us: 1_100,
      p99Us: 870,
      failed: 0,
    });
  });

  test('counts refusals and socket errors as failed', () => {
    const spoiled = `${report}  Non-2xx or 3xx responses: 7\n  Socket errors: connect 1, read 2, write 0, timeout 3\n`;
    expect(parseWrk(spoiled).failed).toBe(13);
  });

  test('refuses what is no report', () => {
    expect(() => parseWrk('unable to connect')).toThrow('unable to connect');
  });
});
