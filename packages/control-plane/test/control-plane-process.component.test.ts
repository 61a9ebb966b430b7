import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { startProcess, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const entry = new URL('../src/main.ts', import.meta.url);

describe('the control plane as a process', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory('control-plane-process');
    await mkdir(join(directory.path, 'config'));
    await writeFile(join(directory.path, 'tokens.yaml'), 'tokens: []\n');
  });
  afterEach(() => directory.remove());

  const start = (env: Record<string, string> = {}) =>
    startProcess({
      name: 'control plane',
      entry,
      env: {
        TULLE_CONFIG_DIR: join(directory.path, 'config'),
        TULLE_STATE_DIR: join(directory.path, 'state'),
        TULLE_TOKENS_FILE: join(directory.path, 'tokens.yaml'),
        TULLE_DISCOVERY_PORT: '0',
        TULLE_ADMIN_PORT: '0',
        ...env,
      },
    });

  it('becomes ready on an empty directory and ends with 0 on SIGTERM', async () => {
    await using program = await start();
    const { adminPort } = await program.waitForLog('listening');
    await program.waitForReady(`http://127.0.0.1:${adminPort}/readyz`);
    expect(await readFile(join(directory.path, 'state/root.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  });

  it('says everything that is wrong with its environment and ends with 1', async () => {
    await using program = await start({ TULLE_CONFIG_DIR: '', TULLE_DISCOVERY_PORT: 'many' });
    expect((await program.waitForExit()).code).toBe(1);
    expect(program.lastLines()).toMatch(
      /TULLE_CONFIG_DIR: is not set; TULLE_DISCOVERY_PORT: must be a whole number/,
    );
  });

  it('ends with 1 and the reason when its authority is damaged', async () => {
    await mkdir(join(directory.path, 'state/ca'), { recursive: true, mode: 0o700 });
    await using program = await start();
    expect((await program.waitForExit()).code).toBe(1);
    expect(program.lastLines()).toMatch(/root-with-key.pem is missing: restore it from a backup/);
  });

  it('ends with 1 and a hint when its port is taken', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    await using program = await start({ TULLE_DISCOVERY_PORT: String(port) });
    expect((await program.waitForExit()).code).toBe(1);
    expect(program.lastLines()).toMatch(
      /grpc server did not start: cannot listen on .*EADDRINUSE.*choose another/,
    );
    listener.close();
  });
});
