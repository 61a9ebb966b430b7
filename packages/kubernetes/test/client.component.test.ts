import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '@tulle/runtime';
import { eventually, FakeApiServer, FakeClock } from '@tulle/testkit';
import { expect, test } from 'vitest';
import { listPages } from '../src/client/list-pages.ts';
import { type ApiRequest, KubernetesClient, KubernetesError } from '../src/index.ts';
import { acceleratedClock, clientOf, configMap, configMaps, connectionTo, notingDelays } from './harness.ts';

const ref = { namespace: 'default', name: 'c' };
const get = { method: 'GET', path: '/api/v1/namespaces/default/configmaps/c' };

async function startFake() {
  const fake = await FakeApiServer.start({ serves: [configMaps] });
  fake.put(configMaps, configMap('c', 'a'));
  const client = clientOf(fake, acceleratedClock(20));
  const dispose = async () => {
    client.close();
    await fake.kill();
  };
  return { fake, client, [Symbol.asyncDispose]: dispose };
}

test('a request that the API server asks to repeat later is repeated then', async () => {
  await using subject = await startFake();
  subject.fake.plan({ kind: 'status', status: 429, headers: { 'retry-after': '2' } }, { count: 2 });
  expect(await subject.client.get(configMaps, ref)).toMatchObject({ data: { value: 'a' } });
  expect(subject.fake.requests).toHaveLength(3);
});

test('it is not repeated past its deadline', async () => {
  await using subject = await startFake();
  subject.fake.plan({ kind: 'status', status: 503, headers: { 'retry-after': '20' } }, { count: 9 });
  await expect(subject.client.request({ ...get, deadlineMs: 30_000 })).rejects.toMatchObject({
    code: 'KUBERNETES_SERVICE_UNAVAILABLE',
    retryAfterMs: 20_000,
    isRetryable: true,
  });
  expect(subject.fake.requests).toHaveLength(2);
});

test('an answer that never comes fails at the deadline', async () => {
  await using subject = await startFake();
  subject.fake.plan({ kind: 'hang' });
  await expect(subject.client.request({ ...get, deadlineMs: 5_000 })).rejects.toMatchObject({
    code: 'KUBERNETES_DEADLINE_EXCEEDED',
    message: `GET ${get.path}: no answer within 5 s`,
    isRetryable: true,
  });
});

test('so do a patch and an apply, at the deadline that they were given', async () => {
  await using subject = await startFake();
  subject.fake.plan({ kind: 'hang' }, { count: 2 });
  const contentType = 'application/merge-patch+json' as const;
  const limit = { deadlineMs: 3_000 };
  const object = { metadata: ref };
  const late = { code: 'KUBERNETES_DEADLINE_EXCEEDED', message: expect.stringContaining('within 3 s') };
  const patch = subject.client.patch(configMaps, ref, { contentType, body: {}, ...limit });
  await expect(patch).rejects.toMatchObject(late);
  const apply = subject.client.apply(configMaps, object, { fieldManager: 'test', ...limit });
  await expect(apply).rejects.toMatchObject(late);
});

test('and credentials that cannot be had, as of a plug-in that hangs', async () => {
  await using fake = await FakeApiServer.start({ serves: [configMaps] });
  const connection = { ...connectionTo(fake), credentials: () => new Promise<never>(() => {}) };
  const client = new KubernetesClient({ connection, clock: acceleratedClock(20), logger: silentLogger });
  await expect(client.request({ ...get, deadlineMs: 5_000 })).rejects.toMatchObject({
    code: 'KUBERNETES_DEADLINE_EXCEEDED',
  });
});

test('an API server that asks to be left alone for days is asked after minutes', async () => {
  await using subject = await startFake();
  subject.fake.plan({ kind: 'status', status: 503, headers: { 'retry-after': '600000' } });
  await expect(subject.client.request(get)).rejects.toMatchObject({ retryAfterMs: 300_000 });
});

test('a connection that was closed while it was idle is replaced, for what may be done twice', async () => {
  await using subject = await startFake();
  const { client, fake } = subject;
  for (const _ of [1, 2, 3]) {
    await client.get(configMaps, ref);
    fake.plan({ kind: 'reset' });
  }
  expect(await client.get(configMaps, ref)).not.toBeNull();
  fake.plan({ kind: 'reset' });
  const again = client.create(configMaps, { metadata: { namespace: 'default', name: 'new' } });
  await expect(again).rejects.toMatchObject({ status: 0, isRetryable: true });
});

test('an answer larger than the limit is not read to its end', async () => {
  await using subject = await startFake();
  await expect(subject.client.request({ ...get, maxBytes: 100 })).rejects.toMatchObject({
    code: 'KUBERNETES_RESPONSE_TOO_LARGE',
    isRetryable: false,
  });
});

test('a list whose pages are too large is read in smaller ones', async () => {
  await using fake = await FakeApiServer.start({ serves: [configMaps] });
  for (let i = 0; i < 120; i++) fake.put(configMaps, configMap(`c${i}`, 'x'.repeat(1_000)));
  const client = clientOf(fake, systemClock);
  const limited = { request: (request: ApiRequest) => client.request({ ...request, maxBytes: 60_000 }) };
  let count = 0;
  for await (const { objects } of listPages(limited, configMaps, {})) count += objects.length;
  client.close();
  expect(count).toBe(120);
  const limits = fake.requests.map(({ query }) => query.get('limit'));
  expect(limits.slice(0, 3)).toEqual(['500', '100', '20']);
});

test.each([
  ['half an answer', { kind: 'half-answer' as const }, 'KUBERNETES_UNREACHABLE'],
  ['no JSON', { kind: 'status' as const, status: 200, body: '<html>' }, 'KUBERNETES_BAD_RESPONSE'],
  ["a proxy's page", { kind: 'status' as const, status: 502, body: '<html>' }, 'KUBERNETES_INTERNAL_ERROR'],
])('%s is an error that may be gone the next time', async (_, fault, code) => {
  await using subject = await startFake();
  subject.fake.plan(fault);
  const failure = await subject.client.request(get).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(KubernetesError);
  expect(failure).toMatchObject({ code, isRetryable: true, source: 'upstream' });
});

test('a signal ends a request with its own reason', async () => {
  await using subject = await startFake();
  subject.fake.plan({ kind: 'hang' });
  const abort = new AbortController();
  const request = subject.client.request({ ...get, signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(request).rejects.toThrow('enough');
});

test('a signal ends the wait for when a request may be repeated too', async () => {
  await using fake = await FakeApiServer.start({ serves: [configMaps] });
  fake.plan({ kind: 'status', status: 429, headers: { 'retry-after': '20' } });
  const clock = notingDelays(acceleratedClock(1));
  const client = clientOf(fake, clock);
  const abort = new AbortController();
  const request = client.request({ ...get, signal: abort.signal });
  await eventually(() => expect(clock.delaysMs).toContain(20_000));
  abort.abort(new Error('enough'));
  await expect(request).rejects.toThrow('enough');
  expect(clock.monotonicMs()).toBeLessThan(15_000);
  client.close();
});

test('a line of a watch without end is cut off', async () => {
  const endless: Server = createServer((_, response) => {
    const write = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', write);
    write();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  const server = new URL(`http://127.0.0.1:${(endless.address() as AddressInfo).port}`);
  const connection = { ...connectionTo({ url: server } as FakeApiServer), server };
  const client = new KubernetesClient({ connection, clock: new FakeClock(), logger: silentLogger });
  const signal = new AbortController().signal;
  const lines = client.watchLines({ path: '/', query: {}, signal, idleTimeoutMs: 60_000 });
  const read = async () => {
    for await (const _ of lines);
  };
  await expect(read()).rejects.toMatchObject({ code: 'KUBERNETES_BAD_RESPONSE' });
  client.close();
  endless.closeAllConnections();
  endless.close();
});
