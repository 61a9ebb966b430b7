import { readFileSync } from 'node:fs';

/** How many files this process and those that it starts may open: node raises its own bound to the hard one. */
export function maxOpenFiles(): number {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match?.[1]);
}
