import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freeLoopbackAddress } from './loopback-address.ts';

it('gives loopback addresses that differ and can be listened on', async () => {
  const addresses = [freeLoopbackAddress(), freeLoopbackAddress()];
  expect(new Set(addresses).size).toBe(2);
  for (const address of addresses) {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    server.close();
    expect(address).toMatch(/^127\.(?!0\.0\.)/);
  }
});
