import { threadId } from 'node:worker_threads';

let count = 0;

/**
 * A loopback address (127.0.0.0/8) that no other call and no other test process is likely to use, so that
 * fixed ports don't clash between test files that run side by side.
 */
export function freeLoopbackAddress(): string {
  const worker = (process.pid + threadId * 7_919) % 60_000;
  const second = 1 + (worker % 250);
  const third = Math.floor(worker / 250);
  count += 1;
  if (count > 250) throw new Error('one process may take 250 loopback addresses');
  return `127.${second}.${third}.${count}`;
}
