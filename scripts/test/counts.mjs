import { readFile } from 'node:fs/promises';

export const noCounts = { passed: 0, failed: 0, skipped: 0 };

/**
 * The counts in a vitest JSON report. A file that could not be loaded counts as one failure, and so does a
 * run that failed though no test did (an error between tests, no test found, no report at all).
 */
export async function readCounts(path, exitCode) {
  const report = await readReport(path);
  const counts = report === null ? noCounts : countReport(report);
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

export function countReport(report) {
  const unloaded = (report.testResults ?? []).filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every(({ status }) => status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** `N passed, N failed`, with `, N skipped` only when there are any. */
export function formatCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}
