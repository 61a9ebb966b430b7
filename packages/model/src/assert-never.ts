/** Ends a switch over a tagged union: the compiler objects when a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`);
}
