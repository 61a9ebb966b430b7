import type { createColors } from 'picocolors';

/** What a command may touch of the world besides files; injected, so that tests see what an operator sees. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly colors: ReturnType<typeof createColors>;
  readonly fetch: typeof fetch;
}
