import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closedPort, ProbeHarness, plain } from './probe-harness.ts';

let harness: ProbeHarness;

beforeEach(() => {
  harness = new ProbeHarness();
});
afterEach(() => harness[Symbol.asyncDispose]());

describe('hooks', () => {
  it('are answered whatever the application says, and cut where it says nothing', async () => {
    const port = await harness.application(plain(500));
    const ask = await harness.serve({
      'web/post-start': { http: { port } },
      'web/pre-stop': { http: { port: await closedPort() } },
    });
    expect((await ask('web/post-start')).status).toBe(500);
    await expect(ask('web/pre-stop')).rejects.toThrow();
  });
});
