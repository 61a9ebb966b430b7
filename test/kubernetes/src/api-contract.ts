import {
  type KubernetesClient,
  KubernetesError,
  type ObjectInit,
  type Query,
  resourceTypes,
} from '@tulle/kubernetes';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { things } from './things.ts';

/** An API server as the contract needs it: the real one, or the fake one that has to be like it. */
export interface ContractSubject extends AsyncDisposable {
  readonly client: KubernetesClient;
  /** Makes it serve `things`, as a CustomResourceDefinition does. */
  installThings(): Promise<void>;
  removeThings(): Promise<void>;
  /** It no longer knows what happened before, as hours later. */
  forgetPast(): Promise<void>;
}

const { configMaps } = resourceTypes;
const namespace = 'default';
const allOf = { labelSelector: 'contract=yes' };
const patience = { timeoutMs: 20_000, intervalMs: 50 };

interface Event {
  readonly type: string;
  readonly object: {
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion: string;
      readonly annotations?: object;
    };
    readonly code?: number;
  };
}

/** What the reflector relies on, checked at the API server that it is given. */
export function checkApiContract(open: () => Promise<ContractSubject>): void {
  let subject: ContractSubject;
  let client: KubernetesClient;
  const path = `/api/v1/namespaces/${namespace}/configmaps`;

  beforeAll(async () => {
    subject = await open();
    client = subject.client;
  });

  afterAll(async () => {
    await subject?.[Symbol.asyncDispose]();
  });

  const make = (name: string, value = 'a') => client.create(configMaps, configMap(name, value));
  const page = (query: Query) =>
    client.request({ method: 'GET', path, query }) as Promise<{
      metadata: { resourceVersion: string; continue?: string };
      items: { metadata: { name: string } }[];
    }>;

  /** The events of a watch until one is the last, or the API server ends it. */
  async function watch(
    query: Query,
    isLast: (event: Event) => boolean,
    onOpen?: () => void,
  ): Promise<Event[]> {
    const events: Event[] = [];
    const end = new AbortController();
    const request = { path, query: { watch: true, ...query }, signal: end.signal, idleTimeoutMs: 10_000 };
    for await (const line of client.watchLines({ ...request, ...(onOpen && { onOpen }) })) {
      events.push(line as Event);
      if (isLast(line as Event)) break;
    }
    return events;
  }
  const summary = (events: readonly Event[]) =>
    events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());

  it('keeps what is created, and refuses the same name', async () => {
    const created = await make('one');
    expect(created.metadata).toMatchObject({
      name: 'one',
      uid: expect.any(String),
      resourceVersion: expect.any(String),
    });
    expect(await client.get(configMaps, { namespace, name: 'one' })).toMatchObject({ data: { value: 'a' } });
    await expect(make('one')).rejects.toMatchObject({ status: 409, reason: 'AlreadyExists' });
    expect(await client.get(configMaps, { namespace, name: 'none' })).toBeNull();
  });

  it('replaces only the version that was read, and gives equal content no new version', async () => {
    const first = await make('versions');
    const second = await client.replace(configMaps, { ...first, data: { value: 'b' } });
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    await expect(client.replace(configMaps, { ...first, data: { value: 'c' } })).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    expect((await client.replace(configMaps, second)).metadata.resourceVersion).toBe(
      second.metadata.resourceVersion,
    );
  });

  it('patches, by merging', async () => {
    await make('patched');
    const contentType = 'application/merge-patch+json';
    const options = { contentType, body: { data: { more: 'b' } } } as const;
    const patched = await client.patch(configMaps, { namespace, name: 'patched' }, options);
    expect(patched.data).toEqual({ value: 'a', more: 'b' });
  });

  it('deletes once, and only whom the uid names', async () => {
    const ref = { namespace, name: 'gone' };
    await make('gone');
    await expect(client.delete(configMaps, ref, { uid: 'another' })).rejects.toMatchObject({ status: 409 });
    expect(await client.delete(configMaps, ref)).toBe(true);
    expect(await client.delete(configMaps, ref)).toBe(false);
  });

  it('lists in pages of one version, whatever happens between them', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await make(name);
    const first = await page({ limit: 2, ...allOf });
    await make('page-0');
    const second = await page({ limit: 500, continue: first.metadata.continue, ...allOf });
    const names = [...first.items, ...second.items].map(({ metadata }) => metadata.name);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(names.filter((name) => name.startsWith('page'))).toEqual(['page-1', 'page-2', 'page-3']);
    await expect(page({ limit: 1, continue: 'nonsense' })).rejects.toMatchObject({ status: 400 });
  });

  it('streams the present state, says where it ends, and what happens from there', async () => {
    await make('initial');
    const query = { ...watchList, ...allOf };
    const isEnd = ({ object }: Event) =>
      object.metadata.annotations !== undefined && 'k8s.io/initial-events-end' in object.metadata.annotations;
    const initial = await watch(query, isEnd);
    expect(summary(initial)).toContain('ADDED initial');
    expect(initial.at(-1)!.type).toBe('BOOKMARK');
    const since = initial.at(-1)!.object.metadata.resourceVersion;
    await make('later');
    const contentType = 'application/merge-patch+json';
    await client.patch(
      configMaps,
      { namespace, name: 'later' },
      { contentType, body: { data: { value: 'b' } } },
    );
    await client.delete(configMaps, { namespace, name: 'later' });
    const later = await watch({ resourceVersion: since, ...allOf }, ({ type }) => type === 'DELETED');
    expect(summary(later)).toEqual(['ADDED later', 'MODIFIED later', 'DELETED later']);
    const versions = later.map(({ object }) => object.metadata.resourceVersion);
    expect(new Set(versions).size).toBe(3);
  });

  it('tells a watch of a selector that what ceases to match is deleted', async () => {
    await make('relabelled');
    const since = (await page({ limit: 1 })).metadata.resourceVersion;
    const contentType = 'application/merge-patch+json';
    const body = { metadata: { labels: { contract: 'no' } } };
    await client.patch(configMaps, { namespace, name: 'relabelled' }, { contentType, body });
    const events = await watch({ resourceVersion: since, ...allOf }, () => true);
    expect(summary(events)).toEqual(['DELETED relabelled']);
  });

  it('ends a watch in order at its timeout', async () => {
    const since = (await page({ limit: 1 })).metadata.resourceVersion;
    expect(await watch({ resourceVersion: since, timeoutSeconds: 1 }, () => false)).toEqual([]);
  });

  it('says 410 in the stream of a watch from before what it knows', async () => {
    const past = (await page({ limit: 1 })).metadata.resourceVersion;
    await make('happened');
    await subject.forgetPast();
    const events = await watch({ resourceVersion: past, timeoutSeconds: 5 }, () => true);
    expect(events).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    ]);
  });

  it('lets a watch from a version yet to come wait without a word', async () => {
    let isOpen = false;
    const query = { resourceVersion: '999999999', timeoutSeconds: 1 };
    const events = await watch(
      query,
      () => false,
      () => {
        isOpen = true;
      },
    );
    expect([isOpen, events]).toEqual([true, []]);
  });

  it('refuses parameters of a watch that it does not know', async () => {
    const refused = watch({ sendInitialEvents: true, timeoutSeconds: 1 }, () => true);
    await expect(refused).rejects.toMatchObject({ status: 422, reason: 'Invalid' });
  });

  it('tells what it serves, ends the watches of what it ceases to serve, and knows it no more', async () => {
    await expect(client.list(things)).rejects.toMatchObject({ status: 404 });
    await subject.installThings();
    await eventually(async () => expect(await served()).toContain('things'), patience);
    const thing: ObjectInit = { metadata: { namespace, name: 'thing' } };
    await eventually(() => client.create(things, thing), patience);
    const query = { watch: true, ...watchList, timeoutSeconds: 60 };
    const request = { path: '/apis/contract.tulle.test/v1/things', query, idleTimeoutMs: 30_000 };
    const types: string[] = [];
    for await (const line of client.watchLines({ ...request, signal: new AbortController().signal })) {
      types.push((line as Event).type);
      if (types.length === 2) await subject.removeThings();
    }
    expect(types.slice(0, 3)).toEqual(['ADDED', 'BOOKMARK', 'DELETED']);
    await eventually(async () => expect(await served()).not.toContain('things'), patience);
    await eventually(() => expect(client.list(things)).rejects.toMatchObject({ status: 404 }), patience);
  });

  async function served(): Promise<readonly string[]> {
    try {
      const document = await client.request({ method: 'GET', path: '/apis/contract.tulle.test/v1' });
      return (document as { resources: { name: string }[] }).resources.map(({ name }) => name);
    } catch (thrown) {
      if (thrown instanceof KubernetesError && thrown.status === 404) return [];
      throw thrown;
    }
  }
}

const watchList = {
  sendInitialEvents: true,
  resourceVersionMatch: 'NotOlderThan',
  allowWatchBookmarks: true,
};

function configMap(name: string, value: string): ObjectInit {
  return { metadata: { namespace, name, labels: { contract: 'yes' } }, data: { value } };
}
