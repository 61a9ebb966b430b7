/**
 * Keeps what the API server has of one resource, by watching it. What was read stays when the connection is
 * lost, and a new whole state replaces the old one at once, told as the difference.
 *
 * Verbs that a role needs: `list` and `watch` on the resource. Absence of an optional one is seen in discovery
 * documents, which every authenticated client may read.
 */
import {
  backoffDelayMs,
  type Clock,
  type Component,
  type IndexValues,
  type IndexView,
  type Logger,
  MetricsRegistry,
  messageOf,
  type Random,
} from '@tulle/runtime';
import type { KubernetesClient } from '../client/kubernetes-client.ts';
import type { ListOptions } from '../client/list-pages.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { orAborted } from '../or-aborted.ts';
import { pause } from '../pause.ts';
import { type ResourceType, resourceName } from '../resource-types.ts';
import { ApiPresence } from './api-presence.ts';
import { type ChangeListener, ChangeNotifier } from './change-notifier.ts';
import { ObjectCache, type ReadObject } from './object-cache.ts';
import { type ReflectorSeries, reflectorSeries } from './reflector-metrics.ts';
import type { ReflectorState } from './reflector-state.ts';
import { WatchSession } from './watch-session.ts';

export interface ReflectorOptions<T> extends ListOptions {
  readonly client: KubernetesClient;
  readonly type: ResourceType;
  /** Called on each object as it comes, and never again for the same version of it. */
  readonly read: ReadObject<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: MetricsRegistry;
  /** The API server need not serve it: then there are none, until it does. */
  readonly isOptional?: boolean;
}

const backoff = { baseMs: 250, maxMs: 15_000 };

/** A watch that stood so long was a success: what ends it is the first failure of a new row. */
const goodWatchMs = 5_000;

/** One that ends in order after less than that has brought nothing: an API server that does so each time gets a rest. */
const shortSessionMs = 1_000;

/** How soon a CustomResourceDefinition that appears is noticed. */
const presencePollMs = 2_000;

/** An API server that starts may not serve for a moment what it will. */
const absenceConfirmMs = 1_000;

export class Reflector<T> implements Component {
  readonly name: string;
  readonly #options: ReflectorOptions<T>;
  readonly #cache: ObjectCache<T>;
  readonly #notifier: ChangeNotifier;
  readonly #series: ReflectorSeries;
  readonly #session: WatchSession<T>;
  readonly #presence: ApiPresence;
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<() => void>();
  #state: ReflectorState;
  #hasSynced = false;
  #failures = 0;
  /** By the monotonic clock: since when the present watch stands; null: it does not yet. */
  #standsSinceMs: number | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ReflectorOptions<T>) {
    const { clock, logger, metrics = new MetricsRegistry() } = options;
    const resource = watchedName(options);
    this.name = `reflector of ${resource}`;
    this.#options = { ...options, logger: logger.child({ resource }) };
    this.#state = { kind: 'starting', sinceMs: clock.nowMs(), lastEventMs: null };
    this.#series = reflectorSeries(metrics, { resource, clock, observe: () => this.#observe() });
    this.#notifier = new ChangeNotifier({
      keys: () => this.#cache.objects.keys(),
      logger: this.#options.logger,
    });
    this.#cache = new ObjectCache({
      read: options.read,
      onChanged: (key) => this.#notifier.changed(key),
      onReadFailed: (key, thrown) => this.#readFailed(key, thrown),
      onIndexFailed: (index, thrown) =>
        this.#options.logger.error('an index left an object out', { index, reason: messageOf(thrown) }),
    });
    this.#presence = ApiPresence.of(options.client);
    this.#session = new WatchSession({
      ...options,
      cache: this.#cache,
      series: this.#series,
      signal: this.#stopping.signal,
      onListing: () => this.#listing(),
      onWatching: () => this.#watching(),
      onEvent: () => this.#touched(),
      onSynced: () => this.#synced(),
    });
  }

  /** By `namespace/name`, or name. A live view: it changes as the API server's state does. */
  get objects(): ReadonlyMap<string, T> {
    return this.#cache.objects;
  }

  /** The objects by something else than their keys, for whoever would look through all of them else. */
  addIndex(name: string, valuesOf: IndexValues<T>): IndexView<T> {
    return this.#cache.addIndex(name, valuesOf);
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** The whole state has been read once. Stays true when the connection is lost. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /**
   * Tells of changes, once a turn of the loop. The first call is at the sync (or soon, where that has been), with
   * the keys of all objects there are. Gives what ends it.
   */
  onChange(listener: ChangeListener): () => void {
    return this.#notifier.subscribe(listener);
  }

  /** Resolves true at the sync, false at the deadline or when it stops before. */
  async synced(deadlineMs: number): Promise<boolean> {
    if (!this.#hasSynced && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        const finish = () => {
          cancel();
          this.#waiters.delete(finish);
          resolve();
        };
        const cancel = this.#options.clock.schedule(deadlineMs, finish);
        this.#waiters.add(finish);
      });
    }
    return this.#hasSynced;
  }

  /** Begins, and does not wait for the sync. */
  async start(): Promise<void> {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#notifier.close();
    await this.#running;
    this.#enter('stopped');
    for (const finish of [...this.#waiters]) finish();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startMs = this.#options.clock.monotonicMs();
      this.#standsSinceMs = null;
      try {
        const end = await this.#session.run();
        const lastedMs = this.#options.clock.monotonicMs() - startMs;
        if (end === 'ended' && lastedMs < shortSessionMs) await this.#retry('the watch ended at once', null);
        else this.#failures = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        await this.#recover(thrown);
      }
    }
  }

  async #recover(thrown: unknown): Promise<void> {
    const isMissing = thrown instanceof KubernetesError && thrown.status === 404;
    try {
      if (isMissing && this.#options.isOptional === true && !(await this.#isServed())) {
        await this.#waitUntilServed();
        return;
      }
    } catch (cause) {
      if (this.#stopping.signal.aborted) return;
      await this.#retry(messageOf(cause), null);
      return;
    }
    const retryAfterMs = thrown instanceof KubernetesError ? thrown.retryAfterMs : null;
    await this.#retry(messageOf(thrown), retryAfterMs);
  }

  async #retry(reason: string, retryAfterMs: number | null): Promise<void> {
    const { clock, logger, random } = this.#options;
    const standsSinceMs = this.#standsSinceMs ?? Number.POSITIVE_INFINITY;
    if (clock.monotonicMs() - standsSinceMs >= goodWatchMs) this.#failures = 0;
    const delayMs = Math.max(retryAfterMs ?? 0, backoffDelayMs(this.#failures, backoff, random));
    const fields = { reason, delayMs: Math.round(delayMs), failures: this.#failures + 1 };
    if (this.#failures === 0) logger.info('watch failed and is begun anew', fields);
    else logger.warn('watch fails again and again', fields);
    this.#failures++;
    const sinceMs = this.#state.kind === 'retrying' ? this.#state.sinceMs : clock.nowMs();
    this.#state = { kind: 'retrying', reason, sinceMs, lastEventMs: this.#state.lastEventMs };
    await pause(clock, delayMs, this.#stopping.signal);
  }

  /** Believed at once where nothing was known of it; where something was, only when it is said twice. */
  async #isServed(): Promise<boolean> {
    if (await this.#askPresence()) return true;
    if (!this.#hasSynced || this.#state.kind === 'absent') return false;
    await pause(this.#options.clock, absenceConfirmMs, this.#stopping.signal);
    return this.#askPresence();
  }

  /** What others wait for too is not ended with this reflector, which does not wait for it then. */
  #askPresence(): Promise<boolean> {
    const { clock, type } = this.#options;
    return orAborted(this.#presence.isServed(type, clock.monotonicMs()), this.#stopping.signal);
  }

  async #waitUntilServed(): Promise<void> {
    const { clock, logger, random } = this.#options;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    logger.info('the API server does not serve this resource; none are taken to exist');
    this.#failures = 0;
    this.#session.forget();
    this.#cache.beginReplacement().commit();
    this.#enter('absent');
    this.#synced();
    for (;;) {
      await pause(clock, presencePollMs * (0.75 + random() / 2), signal);
      if (signal.aborted) return;
      // Whether it fails says nothing of absence; the next time is soon.
      const isServed = await this.#askPresence().catch(() => false);
      if (isServed) break;
    }
    logger.info('the API server serves this resource now');
  }

  #listing(): void {
    if (this.#state.kind !== 'retrying') this.#enter('listing');
  }

  #watching(): void {
    this.#standsSinceMs = this.#options.clock.monotonicMs();
    if (this.#state.kind === 'retrying') this.#options.logger.info('watch stands again');
    this.#enter('watching');
  }

  #enter(kind: Exclude<ReflectorState['kind'], 'retrying'>): void {
    this.#state = { kind, sinceMs: this.#options.clock.nowMs(), lastEventMs: this.#state.lastEventMs };
  }

  #touched(): void {
    this.#state = { ...this.#state, lastEventMs: this.#options.clock.nowMs() };
  }

  #synced(): void {
    this.#hasSynced = true;
    this.#notifier.open();
    for (const finish of [...this.#waiters]) finish();
  }

  #readFailed(key: string, thrown: unknown): void {
    this.#series.readFailures.inc();
    this.#options.logger.warn('object is not understood; what was known of it stands', {
      object: key,
      reason: messageOf(thrown),
    });
  }

  #observe() {
    const { kind, lastEventMs } = this.#state;
    return { size: this.#cache.objects.size, hasSynced: this.#hasSynced, lastEventMs, state: kind };
  }
}

/** As logs and metrics show it: several may watch a part each of one resource. */
function watchedName({ type, namespace = '', fieldSelector = '', labelSelector = '' }: WatchedPart): string {
  const place = namespace === '' ? '' : `/${namespace}`;
  const selectors = [fieldSelector, labelSelector].filter((selector) => selector !== '');
  return `${resourceName(type)}${place}${selectors.length === 0 ? '' : `?${selectors.join('&')}`}`;
}

type WatchedPart = ListOptions & { readonly type: ResourceType };
