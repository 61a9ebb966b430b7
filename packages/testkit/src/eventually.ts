export interface EventuallyOptions {
  /** Default 5000. */
  readonly timeoutMs?: number;
  /** Default 10. */
  readonly intervalMs?: number;
}

/** Repeats `assertion` until it no longer throws, and gives what it returned; at the timeout, its last failure. */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeoutMs = 5_000, intervalMs = 10 }: EventuallyOptions = {},
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (thrown) {
      if (performance.now() >= endMs) {
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        throw new Error(`still failing after ${timeoutMs} ms: ${reason}`, { cause: thrown });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
