import type { Random } from './random.ts';

/** Makes a new input out of one of the corpus; `other` is a second one to splice from. */
export type Mutator = (input: Buffer, other: Buffer, random: Random) => Buffer;

/** What is fuzzed, and what has to hold of it. */
export interface FuzzTarget {
  readonly name: string;
  readonly about: string;
  /** Longer inputs are cut. */
  readonly maxInputBytes: number;
  readonly mutators: readonly Mutator[];
  /** Inputs to begin with, beside the saved corpus. */
  seeds(): Buffer[];
  /** Throws where something does not hold. Decides by the input alone: the same input, the same run. */
  run(input: Buffer): void | Promise<void>;
}

/** Ends a run of a target: something does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function mustHold(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Violation(claim);
}
