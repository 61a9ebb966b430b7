import type { Clock, Random } from '@tulle/runtime';
import type { KubernetesClient } from '../client/kubernetes-client.ts';
import { type ListOptions, listPages } from '../client/list-pages.ts';
import { collectionPath, type Query } from '../client/resource-path.ts';
import { clientReasons, isExpired, KubernetesError } from '../kubernetes-error.ts';
import { type ResourceType, resourceName } from '../resource-types.ts';
import type { ObjectCache, Replacement } from './object-cache.ts';
import type { ReflectorSeries } from './reflector-metrics.ts';
import { readWatchEvent, type WatchEvent } from './watch-events.ts';

export interface WatchSessionOptions<T> extends ListOptions {
  readonly client: KubernetesClient;
  readonly type: ResourceType;
  readonly cache: ObjectCache<T>;
  readonly series: ReflectorSeries;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly onListing: () => void;
  /** The cache is whole and follows the API server. */
  readonly onWatching: () => void;
  readonly onEvent: () => void;
  readonly onSynced: () => void;
}

/** The API server sends a bookmark about every minute: twice that in silence is a connection that is dead. */
const idleTimeoutMs = 120_000;

/** While a whole state streams in; an API server that knows no WatchList may never say that it is complete. */
const initialIdleTimeoutMs = 30_000;

/** After so many refusals in a row a resource version is given up that the API server says to know nothing of yet. */
const maxTooLargeVersions = 3;

/** And after so many of other errors without an event between them. */
const maxErrorsInARow = 5;

/** One watch after the other: from where the last one ended, or with a whole state first. */
export class WatchSession<T> {
  readonly #options: WatchSessionOptions<T>;
  /** Up to where the cache follows; '': a whole state is needed. Opaque. */
  #version = '';
  #usesWatchList = true;
  /** Of the present watch. */
  #isOpen = false;
  #lines = 0;
  #tooLargeVersions = 0;
  /** In streams, without an event between them. */
  #errorsInARow = 0;

  constructor(options: WatchSessionOptions<T>) {
    this.#options = options;
  }

  /** The next watch begins with a whole state. */
  forget(): void {
    this.#version = '';
  }

  /** Ends when the API server ends the watch in order, or knows no WatchList; throws whatever else ends it. */
  async run(): Promise<'ended' | 'no-watch-list'> {
    const { series } = this.#options;
    const replacement = this.#version === '' ? this.#options.cache.beginReplacement() : null;
    const isList = replacement !== null && !this.#usesWatchList;
    this.#isOpen = false;
    this.#lines = 0;
    try {
      if (replacement !== null) this.#options.onListing();
      if (isList) await this.#list(replacement);
      await this.#watch(isList ? null : replacement);
      series.restart('ended');
      return 'ended';
    } catch (thrown) {
      if (this.#options.signal.aborted) throw thrown;
      if (replacement !== null && !isList && this.#version === '' && this.#isWithoutWatchList(thrown)) {
        this.#usesWatchList = false;
        return 'no-watch-list';
      }
      this.#failed(thrown);
      throw thrown;
    }
  }

  async #list(replacement: Replacement<T>): Promise<void> {
    const { client, type, series, signal } = this.#options;
    let version = '';
    for await (const page of listPages(client, type, { ...this.#options, signal })) {
      for (const object of page.objects) replacement.put(object);
      version = page.resourceVersion;
      this.#options.onEvent();
    }
    this.#commit(replacement, version);
    series.sync('list');
  }

  async #watch(initial: Replacement<T> | null): Promise<void> {
    const { client, type, namespace, signal } = this.#options;
    const path = collectionPath(type, namespace);
    let replacement = initial;
    const lines = client.watchLines({
      path,
      query: this.#query(initial !== null),
      signal,
      idleTimeoutMs: () => (replacement === null ? idleTimeoutMs : initialIdleTimeoutMs),
      onOpen: () => {
        this.#isOpen = true;
        if (replacement === null) this.#options.onWatching();
      },
    });
    for await (const line of lines) {
      this.#lines++;
      this.#options.onEvent();
      const event = readWatchEvent(line, `watch ${resourceName(type)}`);
      this.#errorsInARow = 0;
      if (replacement === null) this.#apply(event);
      else if (event.kind === 'bookmark' && event.isInitialEnd) {
        this.#commit(replacement, event.resourceVersion);
        this.#options.series.sync('watch_list');
        this.#options.onWatching();
        replacement = null;
      } else this.#stage(event, replacement);
    }
    if (replacement !== null) throw endedEarly(path);
  }

  #query(isWatchList: boolean): Query {
    const { labelSelector, fieldSelector, random } = this.#options;
    const timeoutSeconds = 300 + Math.floor(300 * random());
    const query = { watch: true, allowWatchBookmarks: true, timeoutSeconds, labelSelector, fieldSelector };
    if (isWatchList) return { ...query, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
    return { ...query, resourceVersion: this.#version };
  }

  #apply(event: WatchEvent): void {
    const { cache, series } = this.#options;
    if (event.kind === 'bookmark') {
      series.bookmarks.inc();
      this.#version = event.resourceVersion;
      return;
    }
    if (event.kind === 'deleted') cache.remove(event.object);
    else cache.put(event.object);
    series[event.kind].inc();
    this.#version = event.object.metadata.resourceVersion ?? this.#version;
  }

  #stage(event: WatchEvent, replacement: Replacement<T>): void {
    if (event.kind === 'bookmark') return;
    if (event.kind === 'deleted') replacement.remove(event.object);
    else replacement.put(event.object);
  }

  #commit(replacement: Replacement<T>, version: string): void {
    replacement.commit();
    this.#version = version;
    this.#tooLargeVersions = 0;
    this.#options.onSynced();
  }

  /** Decides what the next watch begins with. */
  #failed(thrown: unknown): void {
    const { series } = this.#options;
    const error = thrown instanceof KubernetesError ? thrown : null;
    if (isExpired(thrown)) {
      this.#version = '';
      series.restart('expired');
      return;
    }
    const isIdle = error?.reason === clientReasons.idle;
    series.restart(isIdle ? 'idle' : 'failed');
    // An etcd that was restored from a backup lets one wait for a version that it is yet to reach, without a word.
    if (isIdle && this.#lines === 0) this.#version = '';
    if (error?.reason === 'ResourceVersionTooLarge' && ++this.#tooLargeVersions >= maxTooLargeVersions) {
      this.#version = '';
      this.#tooLargeVersions = 0;
    }
    // As of an API server on another store: it does not take for a version what it is asked to begin with.
    if (!this.#isOpen && (error?.status === 400 || error?.status === 422)) this.#version = '';
    // Errors that come again and again at the same place are left behind by a whole state.
    if (this.#isOpen && error !== null && error.status >= 400 && ++this.#errorsInARow >= maxErrorsInARow)
      this.#version = '';
  }

  /** An API server without WatchList refuses its parameters, or does not tell of the end of the whole state. */
  #isWithoutWatchList(thrown: unknown): boolean {
    if (!(thrown instanceof KubernetesError)) return false;
    if (this.#isOpen) return thrown.reason === clientReasons.idle;
    return thrown.status === 400 || thrown.status === 422;
  }
}

function endedEarly(path: string): KubernetesError {
  return new KubernetesError(`watch ${path}: it ended before its initial state was complete`, {
    status: 0,
    reason: clientReasons.badResponse,
    isRetryable: true,
  });
}
