import { randomUUID } from 'node:crypto';
import {
  collectionOf,
  type FakeObject,
  FakeStatus,
  fakeKey,
  type ServedResource,
  type StoredEvent,
} from './fake-object.ts';

interface Collection {
  readonly resource: ServedResource;
  readonly objects: Map<string, FakeObject>;
}

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** What etcd and the watch cache are to an API server: objects, one revision for all, and a history with an end. */
export class FakeObjectStore {
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  #history: StoredEvent[] = [];
  #revision = 1_000;
  /** Of what lies before it the history is gone. */
  #floor = 1_000;

  get revision(): number {
    return this.#revision;
  }

  serve(resource: ServedResource): void {
    this.#collections.set(collectionOf(resource), { resource, objects: new Map() });
  }

  unserve(resource: ServedResource): void {
    const path = collectionOf(resource);
    for (const object of this.#collections.get(path)?.objects.values() ?? [])
      this.remove(resource, object.metadata);
    this.#collections.delete(path);
  }

  collection(path: string): Collection {
    const collection = this.#collections.get(path);
    if (collection === undefined) throw new FakeStatus(404, 'NotFound', '404 page not found');
    return collection;
  }

  resources(): readonly ServedResource[] {
    return [...this.#collections.values()].map(({ resource }) => resource);
  }

  create(resource: ServedResource, object: FakeObject): FakeObject {
    const { objects } = this.collection(collectionOf(resource));
    const key = fakeKey(object.metadata);
    if (objects.has(key))
      throw new FakeStatus(409, 'AlreadyExists', `${resource.plural} "${key}" already exists`);
    const created = {
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
      generation: 1,
    };
    return this.#keep(resource, { ...object, metadata: { ...object.metadata, ...created } }, null);
  }

  /** Nothing is written where nothing changes, as in the real one. */
  replace(resource: ServedResource, object: FakeObject): FakeObject {
    const previous = this.get(resource, object.metadata);
    const { resourceVersion, uid } = object.metadata;
    checkPreconditions(previous, {
      uid,
      resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
    });
    const metadata = {
      ...object.metadata,
      uid: previous.metadata.uid!,
      resourceVersion: previous.metadata.resourceVersion!,
    };
    const next = {
      ...previous,
      ...object,
      metadata: { ...metadata, creationTimestamp: previous.metadata.creationTimestamp! },
    };
    if (JSON.stringify(sorted(next)) === JSON.stringify(sorted(previous))) return previous;
    return this.#keep(resource, next, previous);
  }

  get(resource: ServedResource, ref: { readonly namespace?: string; readonly name: string }): FakeObject {
    const object = this.collection(collectionOf(resource)).objects.get(fakeKey(ref));
    if (object === undefined)
      throw new FakeStatus(404, 'NotFound', `${resource.plural} "${ref.name}" not found`);
    return object;
  }

  remove(
    resource: ServedResource,
    ref: { readonly namespace?: string; readonly name: string },
    preconditions: Preconditions = {},
  ): FakeObject {
    const previous = this.get(resource, ref);
    checkPreconditions(previous, preconditions);
    this.collection(collectionOf(resource)).objects.delete(fakeKey(ref));
    const revision = ++this.#revision;
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
    this.#tell({ revision, type: 'DELETED', collection: collectionOf(resource), object, previous });
    return previous;
  }

  /** What happened after a revision; Expired where that is no longer known. */
  since(revision: number): readonly StoredEvent[] {
    if (revision < this.#floor)
      throw new FakeStatus(410, 'Expired', `too old resource version: ${revision} (${this.#floor})`);
    return this.#history.filter((event) => event.revision > revision);
  }

  compact(): void {
    // A change of something that nobody asks for: the present revision too is soon behind.
    this.#revision++;
    this.#floor = this.#revision;
    this.#history = [];
  }

  onEvent(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(resource: ServedResource, object: FakeObject, previous: FakeObject | null): FakeObject {
    const revision = ++this.#revision;
    const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    const metadata = { ...object.metadata, resourceVersion: String(revision) };
    const kept = { ...object, apiVersion, kind: resource.kind, metadata };
    this.collection(collectionOf(resource)).objects.set(fakeKey(metadata), kept);
    const type = previous === null ? 'ADDED' : 'MODIFIED';
    this.#tell({ revision, type, collection: collectionOf(resource), object: kept, previous });
    return kept;
  }

  #tell(event: StoredEvent): void {
    this.#history.push(event);
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function checkPreconditions({ metadata }: FakeObject, { uid, resourceVersion }: Preconditions): void {
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw new FakeStatus(409, 'Conflict', `"${metadata.name}": the object has been modified`);
  if (uid !== undefined && uid !== metadata.uid)
    throw new FakeStatus(409, 'Conflict', `"${metadata.name}": the UID in the precondition is another`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, sorted(field)]));
}
