import { type KubernetesClient, KubernetesError, type RawObject } from '@tulle/kubernetes';
import { MetricsRegistry, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { createAuthority, createNextIntermediate } from '../authority-material.ts';
import { parseAuthority } from '../parse-authority.ts';
import { GivenRoot } from '../testing/given-authority.ts';
import { secretOf } from './authority-secret.ts';
import { SecretAuthorityStore } from './secret-authority-store.ts';

const namespace = 'tulle-system';
const place = { trustDomain: 'cluster.local', location: 'here' };

/** A store on an API server of two objects; no change of them is told of. */
function harness() {
  const clock = new FakeClock();
  const objects = new Map<string, RawObject>();
  const state = { failingWrites: 0, writes: 0, held: null as Promise<void> | null };
  const store = (object: RawObject) => {
    if (state.failingWrites-- > 0) throw new KubernetesError('no', { status: 503, reason: 'No' });
    const metadata = { ...object.metadata, resourceVersion: `${++state.writes}` };
    const stored = { ...object, metadata };
    objects.set(object.metadata.name, stored);
    return stored;
  };
  const client = {
    get: async (_type: unknown, { name }: { name: string }) => objects.get(name) ?? null,
    create: async (_type: unknown, object: RawObject) => {
      const { held } = state;
      state.held = null;
      await held;
      return store(object);
    },
    replace: async (_type: unknown, object: RawObject) => store(object),
    async *watchLines({ signal }: { signal: AbortSignal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  } as unknown as KubernetesClient;
  const authorityStore = new SecretAuthorityStore({
    client,
    namespace,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: new MetricsRegistry(),
  });
  const put = (object: object) => store(object as RawObject);
  const published = () => (objects.get('tulle-trust')?.data as Record<string, string>)?.['root.pem'];
  return { clock, objects, state, put, published, store: authorityStore };
}

describe('SecretAuthorityStore', () => {
  it('publishes roots later where they could not be at once, and only then is done', async () => {
    const { clock, state, published, store } = harness();
    const [older, newer] = [await GivenRoot.create(), await GivenRoot.create()];
    await store.publishRoots(older.pem);
    await store.start();
    state.failingWrites = 1;
    const both = `${newer.pem}${older.pem}`;
    await expect(store.publishRoots(both)).rejects.toThrow('no');
    expect(published()).toBe(older.pem);
    await clock.advanceAsync(60_000);
    await expect.poll(published).toBe(both);
    const { writes } = state;
    await clock.advanceAsync(60_000);
    expect(state.writes).toBe(writes);
    await store.stop();
    expect(clock.pendingTasks).toBe(0);
  });

  it('never lets older roots come to stand over newer ones', async () => {
    const { published, state, store } = harness();
    const [older, newer] = [await GivenRoot.create(), await GivenRoot.create()];
    const { promise, resolve } = Promise.withResolvers<void>();
    state.held = promise;
    const both = [store.publishRoots(older.pem), store.publishRoots(newer.pem)];
    await new Promise((turn) => setImmediate(turn));
    resolve();
    await Promise.all(both);
    expect(published()).toBe(newer.pem);
  });

  it('replaces the intermediate of its own authority, and leaves alone what somebody else has put there', async () => {
    const { put, state, store } = harness();
    const nowMs = Date.now();
    const own = await createAuthority('cluster.local', nowMs);
    const { root } = await parseAuthority(own, place);
    const next = await createNextIntermediate('cluster.local', root!, nowMs);
    put(secretOf(own, namespace));
    await store.read();
    expect(await store.replaceIntermediate(next.pem)).toEqual({ ...own, intermediate: next.pem });

    const foreign = await createAuthority('cluster.local', nowMs);
    put(secretOf(foreign, namespace));
    await store.read();
    const { writes } = state;
    expect(await store.replaceIntermediate(next.pem)).toEqual(foreign);

    const given = await (await GivenRoot.create()).issue();
    const data = { 'tls.crt': given.certificates, 'tls.key': given.privateKey, 'ca.crt': given.roots };
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    put({
      ...secretOf(own, namespace),
      type: 'kubernetes.io/tls',
      data: Object.fromEntries(encoded),
    });
    await store.read();
    expect(await store.replaceIntermediate(next.pem)).toEqual(given);
    expect(state.writes).toBe(writes + 1);
  });
});
