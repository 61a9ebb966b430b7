import type { FuzzTarget } from '../fuzz-target.ts';

/** Loaded when they are wanted: by then the modules under test may be instrumented. */
export const fuzzTargets: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  'h1-request-head': async () => (await import('./h1-request-head.ts')).h1RequestHead,
  'h1-response-head': async () => (await import('./h1-response-head.ts')).h1ResponseHead,
  'h1-body': async () => (await import('./h1-body.ts')).h1Body,
  'hpack-decode': async () => (await import('./hpack-decode.ts')).hpackDecode,
  'h1-server': async () => (await import('./h1-server.ts')).h1Server,
  'h1-client': async () => (await import('./h1-client.ts')).h1Client,
  'h2-server': async () => (await import('./h2-server.ts')).h2Server,
  'h2-client': async () => (await import('./h2-client.ts')).h2Client,
  translation: async () => (await import('./translation.ts')).translation,
};
