import type { Subject } from '../subjects/subject.ts';
import { residentMb } from './process-usage.ts';

/** Resident memory once it has stopped moving by more than 1 % in a second, or what it is after 15 s. */
export async function settledMb({ measured }: Subject): Promise<number> {
  const resident = () => measured.reduce((sum, { pid }) => sum + residentMb(pid), 0);
  let last = resident();
  for (let second = 0; second < 15; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = resident();
    if (Math.abs(now - last) < 0.01 * last) return now;
    last = now;
  }
  return last;
}
