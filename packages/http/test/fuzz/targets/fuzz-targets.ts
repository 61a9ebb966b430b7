import type { FuzzTarget } from '../fuzz-target.ts';

/** Loaded when they are wanted: by then the modules under test may be instrumented. */
export const fuzzTargets: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  'h1-request-head': async () => (await import('./h1-request-head.ts')).h1RequestHead,
  'h1-response-head': async () => (await import('./h1-response-head.ts')).h1ResponseHead,
  'h1-body': async () => (await import('./h1-body.ts')).h1Body,
  'hpack-decode': async () => (await import('./hpack-decode.ts')).hpackDecode,
};
