import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askReadiness } from './ask-readiness.ts';

describe('askReadiness', () => {
  let server: Server;
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const ask = async (answer: (response: ServerResponse) => void) => {
    server = createServer((_, response) => answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return await askReadiness('127.0.0.1', (server.address() as AddressInfo).port);
  };

  it('says why it is not ready, and nothing where it is', async () => {
    expect(await ask((response) => response.writeHead(503).end('no certificate\n'))).toBe('no certificate');
    server.close();
    expect(await ask((response) => response.end('ok'))).toBeNull();
  });

  it('is not answered by a sidecar that goes away within its answer', async () => {
    const cut = (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('ok', () => response.destroy());
    };
    expect(await ask(cut)).toBe('the sidecar went away within its answer');
  });
});
