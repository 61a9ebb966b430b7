import { expect, test } from 'vitest';
import { countReport, formatCounts, readCounts } from './counts.mjs';

const report = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 1,
  numTodoTests: 0,
  testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }],
};

test('counts what the report says', () => {
  expect(countReport(report)).toEqual({ passed: 3, failed: 1, skipped: 1 });
});

test('a file that could not be loaded is a failure', () => {
  const testResults = [...report.testResults, { status: 'failed', assertionResults: [] }];
  expect(countReport({ ...report, testResults }).failed).toBe(2);
});

test('a run that failed without a failed test counts as one', async () => {
  expect(await readCounts('no-such-report.json', 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('skipped tests are named only when there are any', () => {
  expect(formatCounts({ passed: 2, failed: 0, skipped: 0 })).toBe('2 passed, 0 failed');
  expect(formatCounts({ passed: 2, failed: 1, skipped: 3 })).toBe('2 passed, 1 failed, 3 skipped');
});
