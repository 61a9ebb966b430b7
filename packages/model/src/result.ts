import type { Violation } from './violation.ts';

/** An expected outcome as a value: what was parsed, or every reason why not. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly Violation[] };
