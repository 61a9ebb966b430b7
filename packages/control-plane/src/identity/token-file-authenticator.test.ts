import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogFields, Logger } from '@tulle/runtime';
import { FakeClock, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TokenFileAuthenticator } from './token-file-authenticator.ts';

const webToken = 'web-token-0123456789';
const ordersToken = 'orders-token-0123456789';

describe('TokenFileAuthenticator', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;
  let clock: FakeClock;
  let logged: string[];
  let authenticator: TokenFileAuthenticator;

  beforeEach(async () => {
    directory = await temporaryDirectory('tokens');
    path = join(directory.path, 'tokens.yaml');
    clock = new FakeClock();
    logged = [];
    authenticator = new TokenFileAuthenticator({ path, clock, logger: recordingLogger(logged) });
  });

  afterEach(async () => {
    await authenticator.stop();
    await directory.remove();
  });

  it('knows its tokens and refuses the others', async () => {
    await writeFile(path, tokensFor(webToken, 'web'));
    await authenticator.start();
    expect(await authenticator.authenticate(webToken)).toEqual({
      kind: 'accepted',
      namespace: 'bookshop',
      serviceAccount: 'web',
      pod: null,
      podUid: null,
    });
    for (const other of ['', `${webToken}x`, webToken.slice(1), 'x'.repeat(100_000)]) {
      expect(await authenticator.authenticate(other)).toMatchObject({ kind: 'refused' });
    }
  });

  it('takes a changed file at the next call', async () => {
    await writeFile(path, tokensFor(webToken, 'web'));
    await authenticator.start();
    await writeFile(`${path}.new`, tokensFor(ordersToken, 'orders'));
    await rename(`${path}.new`, path);
    expect(await authenticator.authenticate(ordersToken)).toMatchObject({ serviceAccount: 'orders' });
    expect(await authenticator.authenticate(webToken)).toMatchObject({ kind: 'refused' });
  });

  it('keeps what stood when the file breaks or goes, and says so once', async () => {
    await writeFile(path, tokensFor(webToken, 'web'));
    await authenticator.start();
    await writeFile(path, `tokens: [{ token: ${ordersToken}, namespace: 7 }]`);
    expect(await authenticator.authenticate(webToken)).toMatchObject({ kind: 'accepted' });
    expect(authenticator.violations.map(({ path: at }) => at)).toEqual([
      'tokens[0].namespace',
      'tokens[0].serviceAccount',
    ]);
    await rm(path);
    expect(await authenticator.authenticate(webToken)).toMatchObject({ kind: 'accepted' });
    await authenticator.authenticate(webToken);
    expect(logged.filter((line) => line.includes('token file not taken'))).toHaveLength(2);
  });

  it('starts without a file, and finds it by itself later', async () => {
    await authenticator.start();
    expect(authenticator.violations).toHaveLength(1);
    await writeFile(path, tokensFor(webToken, 'web'));
    clock.advance(2_000);
    await expect.poll(() => authenticator.size).toBe(1);
    expect(authenticator.violations).toEqual([]);
  });

  it('leaves no timer behind and logs no token', async () => {
    await writeFile(path, tokensFor(webToken, 'web'));
    await authenticator.start();
    await authenticator.authenticate(webToken);
    await authenticator.authenticate(ordersToken);
    await authenticator.stop();
    expect(clock.pendingTasks).toBe(0);
    expect(logged.join('\n')).not.toMatch(/token-0123456789/);
  });
});

function tokensFor(token: string, serviceAccount: string): string {
  return `tokens: [{ token: ${token}, namespace: bookshop, serviceAccount: ${serviceAccount} }]\n`;
}

function recordingLogger(lines: string[]): Logger {
  const record = (message: string, fields?: LogFields) => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const logger: Logger = {
    debug: record,
    info: record,
    warn: record,
    error: record,
    child: () => logger,
    level: 'debug',
  };
  return logger;
}
