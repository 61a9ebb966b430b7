/** Short forms of `npm run fault`: enough requests that each fault meets some, few enough for every test run. */
import { describe, expect, it } from 'vitest';
import { type FaultName, faults } from './src/faults/faults.ts';
import { runFault } from './src/run-fault.ts';

const timeoutMs = 120_000;

/**
 * A program that is killed takes with it what it has under way, and one that ends in order may close a kept-alive
 * connection at the very moment at which a request is written to it. Of such, only what may be processed twice
 * can be sent again. Nothing else is lost to any of these faults.
 */
const endsApplications: readonly FaultName[] = ['endpoint-killed', 'rolling-replacement'];

describe('under a steady load', () => {
  for (const name of Object.keys(faults) as FaultName[]) {
    const mayLose = endsApplications.includes(name) ? ['upstream_closed'] : [];
    const what =
      mayLose.length > 0 ? 'request but orders that an application had, each accounted for' : 'request';
    it(`${name} loses no ${what}`, { timeout: timeoutMs }, async () => {
      const timeline: string[] = [];
      const report = await runFault({
        name,
        requests: 2_400,
        perSecond: 300,
        mostPods: 12,
        say: (line) => void timeline.push(line),
      });
      const { byReason, failures } = report.outcome;
      const story = [...timeline, ...failures.map((one) => JSON.stringify(one)), ...report.sidecarLines].join(
        '\n',
      );
      expect(report.violations, story).toEqual([]);
      expect(mayLose, story).toEqual(expect.arrayContaining(Object.keys(byReason)));
      for (const { method } of failures) expect(method).toBe('POST');
    });
  }
});
