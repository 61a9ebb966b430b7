import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of a process with all its threads and children, in microseconds. From `schedstat`, which
 * counts in nanoseconds, where the kernel keeps it; else from the clock ticks (10 ms) of `stat`.
 */
export function cpuMicroseconds(pid: number): number {
  return processTree(pid).reduce((sum, member) => sum + threadsMicroseconds(member), 0);
}

/** Resident memory of a process with its children, in MB. */
export function residentMb(pid: number): number {
  return processTree(pid).reduce((sum, member) => {
    const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member}/status`, 'utf8'));
    return sum + Number(match?.[1] ?? 0) / 1024;
  }, 0);
}

/** Memory of a process with its children that no other process shares, in MB: their pages' own, clean and dirty. */
export function privateMb(pid: number): number {
  return processTree(pid).reduce((sum, member) => {
    const rollup = readFileSync(`/proc/${member}/smaps_rollup`, 'utf8');
    const pages = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)];
    return sum + pages.reduce((kb, match) => kb + Number(match[1]), 0) / 1024;
  }, 0);
}

const hasSchedstat = existsSync('/proc/self/schedstat');
const microsecondsPerTick = 10_000;

function threadsMicroseconds(pid: number): number {
  if (!hasSchedstat) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick;
  }
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1000;
}

function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(processTree)];
}
