import type { BenchmarkCase } from './cases.ts';
import { type ChurnRow, formatChurnTable } from './churn-summary.ts';
import { formatIdleTable, type IdleRow } from './idle-summary.ts';
import { formatLoadTable, type LoadRow } from './load-summary.ts';
import { formatMemoryTable, type MemoryRow } from './memory-summary.ts';
import { formatRateTable, type RateRow } from './rate-summary.ts';
import { runChurnCase } from './run-churn-case.ts';
import { runIdleCase } from './run-idle-case.ts';
import { runLoadCase } from './run-load-case.ts';
import { runMemoryCase } from './run-memory-case.ts';
import type { RunOptions } from './run-options.ts';
import { runRateCase } from './run-rate-case.ts';

/** How cases of one kind are measured, and what their figures look like. */
export interface CaseKind<C, R> {
  run(one: C, options: RunOptions): Promise<readonly R[]>;
  format(rows: readonly R[]): string;
  /** In a line. */
  describe(one: C): string;
}

interface RowOfKind {
  readonly load: LoadRow;
  readonly rate: RateRow;
  readonly churn: ChurnRow;
  readonly memory: MemoryRow;
  readonly idle: IdleRow;
}

type CaseKinds = {
  readonly [K in keyof RowOfKind]: CaseKind<Extract<BenchmarkCase, { kind: K }>, RowOfKind[K]>;
};

/** Every kind of case, in the order of the tables. */
export const caseKinds: CaseKinds = {
  load: {
    run: runLoadCase,
    format: formatLoadTable,
    describe: ({ hops, protocol, bodyBytes, connections, streams }) =>
      `CPU a request: ${hopsText(hops)}, ${protocol}, ${bodyBytes / 1024} KB, ${connections * streams} at a time`,
  },
  rate: {
    run: runRateCase,
    format: formatRateTable,
    describe: ({ hops, requestsPerSecond }) =>
      `latency and CPU a request: ${hopsText(hops)}, ${requestsPerSecond} requests/s, sent when they are due`,
  },
  churn: {
    run: runChurnCase,
    format: formatChurnTable,
    describe: ({ door, resumes }) =>
      `CPU a connection, used once and closed: ${door === 'application' ? 'plain' : `mutual TLS, ${resumes ? 'resumed' : 'full handshake'}`}`,
  },
  memory: {
    run: runMemoryCase,
    format: formatMemoryTable,
    describe: () => 'memory of one that has started and has nothing to do',
  },
  idle: {
    run: runIdleCase,
    format: formatIdleTable,
    describe: ({ door, protocol, mostConnections }) =>
      `memory a connection: ${mostConnections} that were used once, ${door === 'application' ? protocol : 'mutual TLS'}`,
  },
};

function hopsText(hops: 1 | 2): string {
  return hops === 2 ? 'two hops with mutual TLS between' : 'one hop';
}
