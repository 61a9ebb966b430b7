import { getHeapStatistics } from 'node:v8';

export interface ProcessMemory {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** V8 ends the process beyond it. */
  readonly heapLimitBytes: number;
}

/** Reads a file in /proc and a few counters: for a sweep, not for a request. */
export function readProcessMemory(): ProcessMemory {
  const { used_heap_size: heapUsedBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
  return { rssBytes: process.memoryUsage.rss(), heapUsedBytes, heapLimitBytes };
}
