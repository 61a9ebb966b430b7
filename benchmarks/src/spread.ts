import type { SubjectName } from './subjects/subject.ts';
import { median, round } from './table.ts';

/** What the rounds of one run gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Below 1: less than the peer takes. Not a number where the peer was not measured. */
export interface Ratios {
  readonly nginx: number;
  readonly haproxy: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return {
    median: round(median(values), 1),
    min: round(Math.min(...values), 1),
    max: round(Math.max(...values), 1),
  };
}

/** Compares the medians of one figure, which `read` takes from a sample. */
export function ratiosOf<S>(
  samples: ReadonlyMap<SubjectName, readonly S[]>,
  read: (sample: S) => number,
): (subject: SubjectName) => Ratios {
  const typical = (subject: SubjectName) => median((samples.get(subject) ?? []).map(read));
  return (subject) => ({
    nginx: round(typical(subject) / typical('nginx'), 2),
    haproxy: round(typical(subject) / typical('haproxy'), 2),
  });
}

export function formatRange({ min, max }: Spread): string {
  return `${min.toFixed(1)}-${max.toFixed(1)}`;
}
