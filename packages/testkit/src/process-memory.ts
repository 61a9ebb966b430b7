import { readFile, writeFile } from 'node:fs/promises';

/** Linux tells of each process what it holds and held at most. */
export const canMeasureMemory = process.platform === 'linux';

export async function residentBytes(pid: number): Promise<number> {
  return await statusBytes(pid, 'VmRSS');
}

/** Since the last forgetPeak(). */
export async function peakResidentBytes(pid: number): Promise<number> {
  return await statusBytes(pid, 'VmHWM');
}

export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function statusBytes(pid: number, name: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`no ${name} in /proc/${pid}/status`);
  return Number(kilobytes) * 1024;
}
