import type { ServerResponse } from 'node:http';
import { type FakeFilter, type FakeObject, FakeStatus, type StoredEvent } from './fake-object.ts';
import type { FakeObjectStore } from './fake-object-store.ts';

export interface FakeWatchOptions {
  readonly store: FakeObjectStore;
  readonly collection: string;
  readonly filter: FakeFilter;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

/** One watch: what was asked for of the past, then what comes. */
export class FakeWatch {
  readonly collection: string;
  readonly #options: FakeWatchOptions;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #isHeld = false;

  constructor(options: FakeWatchOptions) {
    const { store, query, response, collection } = options;
    this.#options = options;
    this.collection = collection;
    const fromVersion = query.get('resourceVersion') ?? '';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.#unsubscribe = store.onEvent((event) => this.#deliver(event));
    const timeoutSeconds = Number(query.get('timeoutSeconds') ?? 1_800);
    this.#timer = setTimeout(() => this.end(), 1_000 * timeoutSeconds);
    this.#timer.unref();
    response.once('close', () => this.#stop());
    this.#begin(fromVersion);
  }

  /** Says nothing any more, as a connection of which one end has gone. */
  hold(): void {
    this.#isHeld = true;
  }

  bookmark(annotations?: Record<string, string>): void {
    const metadata = { resourceVersion: String(this.#options.store.revision), annotations };
    this.#send({ type: 'BOOKMARK', object: { kind: 'Bookmark', metadata } });
  }

  fail(status: FakeStatus): void {
    this.#send({ type: 'ERROR', object: status.body });
    this.end();
  }

  end(): void {
    this.#stop();
    this.#options.response.end();
  }

  /** Ends in the middle of an event. */
  cut(): void {
    this.#write('{"type":"MODIFIED","object":{"metadata":{"na', () => this.reset());
  }

  reset(): void {
    this.#stop();
    this.#options.response.socket?.resetAndDestroy();
  }

  #begin(fromVersion: string): void {
    const { store, collection, query, filter } = this.#options;
    const present = [...store.collection(collection).objects.values()].filter(filter);
    if (query.get('sendInitialEvents') === 'true' || fromVersion === '' || fromVersion === '0') {
      for (const object of present) this.#send({ type: 'ADDED', object });
      if (query.get('sendInitialEvents') === 'true') this.bookmark({ 'k8s.io/initial-events-end': 'true' });
      return;
    }
    try {
      for (const event of store.since(Number(fromVersion))) this.#deliver(event);
    } catch (thrown) {
      if (!(thrown instanceof FakeStatus)) throw thrown;
      this.fail(thrown);
    }
  }

  /** What begins or ceases to match is, to this watch, created or deleted. */
  #deliver({ collection, type, object, previous }: StoredEvent): void {
    const { filter } = this.#options;
    if (collection !== this.collection) return;
    const was = previous !== null && filter(previous);
    const is = type !== 'DELETED' && filter(object);
    if (was && is) this.#send({ type: 'MODIFIED', object });
    else if (is) this.#send({ type: 'ADDED', object });
    else if (was) this.#send({ type: 'DELETED', object });
  }

  #send(event: { readonly type: string; readonly object: object | FakeObject }): void {
    if (!this.#isHeld) this.#write(`${JSON.stringify(event)}\n`);
  }

  #write(text: string, then?: () => void): void {
    const { response } = this.#options;
    if (!response.writableEnded && !response.destroyed) response.write(text, then);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe();
  }
}
