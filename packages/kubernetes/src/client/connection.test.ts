import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KubeconfigConnection, loadKubeconfig } from './connection.ts';

let directory: TemporaryDirectory;

beforeEach(async () => {
  directory = await temporaryDirectory('kubeconfig');
});

afterEach(async () => {
  vi.useRealTimers();
  await directory.remove();
});

async function kubeconfigOf(
  user: object,
  cluster: object = { server: 'https://api.test:6443' },
): Promise<string> {
  const path = join(directory.path, 'kubeconfig');
  const config = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function connect(user: object) {
  const clock = new FakeClock();
  const kubeconfig = await kubeconfigOf(user);
  return { clock, connection: new KubeconfigConnection(loadKubeconfig({ kubeconfig }), clock) };
}

describe('a connection by kubeconfig', () => {
  test('shows the token of a file, and the one that replaced it within the minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const tokenFile = join(directory.path, 'token');
    await writeFile(tokenFile, 'first\n');
    // As a pod's service account is read.
    const { clock, connection } = await connect({
      'auth-provider': { name: 'tokenFile', config: { tokenFile } },
    });
    expect((await connection.credentials()).headers).toEqual({ Authorization: 'Bearer first' });
    const { agent } = await connection.credentials();
    await writeFile(tokenFile, 'second\n');
    vi.setSystemTime(Date.now() + 61_000);
    clock.advance(61_000);
    expect((await connection.credentials()).headers).toEqual({ Authorization: 'Bearer second' });
    // Its connections stay.
    expect((await connection.credentials()).agent).toBe(agent);
  });

  test('runs the plug-in that a kubeconfig names', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'given' },
    };
    const args = ['-e', `console.log('${JSON.stringify(credential)}')`];
    const { connection } = await connect({
      exec: { apiVersion: credential.apiVersion, command: process.execPath, args },
    });
    expect((await connection.credentials()).headers).toEqual({ Authorization: 'Bearer given' });
  });

  test('says so where a plug-in fails, and asks it again the next time', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: join(directory.path, 'absent') };
    const { connection } = await connect({ exec });
    for (const _ of [1, 2]) {
      await expect(connection.credentials()).rejects.toMatchObject({
        code: 'KUBERNETES_CREDENTIALS',
        source: 'config',
        message: expect.stringContaining('ENOENT'),
      });
    }
  });

  test('uses connections of their own for other certificates', async () => {
    const [first, second] = [join(directory.path, 'crt'), join(directory.path, 'key')];
    await writeFile(first, 'one');
    await writeFile(second, 'one');
    const { clock, connection } = await connect({ 'client-certificate': first, 'client-key': second });
    const before = (await connection.credentials()).agent;
    await writeFile(first, 'two');
    clock.advance(10_000);
    expect((await connection.credentials()).agent).not.toBe(before);
  });
});

describe('a kubeconfig that leads nowhere is refused with what to do', () => {
  test('a file that is not there', () => {
    expect(() => loadKubeconfig({ kubeconfig: '/nowhere/kubeconfig' })).toThrow(
      /\/nowhere\/kubeconfig cannot be read/,
    );
  });

  test('a context that it does not have', async () => {
    const kubeconfig = await kubeconfigOf({});
    expect(() => loadKubeconfig({ kubeconfig, context: 'other' })).toThrow(/no context other/);
  });
});
