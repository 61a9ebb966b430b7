/** One thing that is wrong with an input: where, and why; all of them are reported, not the first. */
export interface Violation {
  /** As an operator would write it: `spec.rules[0].backendRefs[1].weight`. */
  readonly path: string;
  readonly reason: string;
}

export function formatViolations(violations: readonly Violation[]): string {
  return violations.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`)).join('; ');
}
