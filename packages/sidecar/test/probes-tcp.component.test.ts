import { createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closedPort, ProbeHarness } from './probe-harness.ts';

let harness: ProbeHarness;

beforeEach(() => {
  harness = new ProbeHarness();
});
afterEach(() => harness[Symbol.asyncDispose]());

describe('TCP probes', () => {
  it('succeed where somebody listens', async () => {
    const port = await harness.listen(createTcpServer());
    const ask = await harness.serve({
      'db/liveness': { tcp: { port } },
      'db/readiness': { tcp: { port: await closedPort() } },
    });
    expect((await ask('db/liveness')).status).toBe(200);
    expect(await ask('db/readiness')).toMatchObject({
      status: 502,
      text: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
