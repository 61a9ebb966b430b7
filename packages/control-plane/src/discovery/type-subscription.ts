import type { SnapshotEntry } from '../snapshot/snapshot.ts';
import { type Holdings, noHoldings } from './held-versions.ts';
import { PendingChanges } from './pending-changes.ts';
import type { ResourceView } from './resource-view.ts';

/** A name that the client asked for: a resource's own, or an alias. */
interface Ask {
  /** What it means in the snapshot that is being delivered; undefined before the first look. */
  entry: SnapshotEntry | null | undefined;
  /** A subscription is answered even if nothing changed. */
  mustAnswer: boolean;
  /** Asked in the request that resumed an earlier stream: what the client still has is not sent again. */
  isResumed: boolean;
}

/** The subscription part of one request. */
export interface SubscriptionChange {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Heeded in the first request of a type. */
  readonly initialVersions: Readonly<Record<string, string>>;
}

const wildcard = '*';

/**
 * What one stream asks of one type, and from that what is to be told (xDS protocol, "How the client specifies
 * what resources to return", incremental variant). Knows nothing of requests in flight.
 */
export class TypeSubscription {
  readonly pending: PendingChanges;
  readonly #asks = new Map<string, Ask>();
  /** How many asks mean a resource, by the resource's name. */
  readonly #meant = new Map<string, number>();
  #isWildcard = false;
  /** The resources' names that the wildcard stood for at the last look. */
  #listed: ReadonlySet<string> = new Set();
  #mustList: 'no' | 'changed' | 'all' = 'no';
  #hadRequest = false;
  #isResuming = false;

  constructor(holdings: Pick<Holdings, 'resumed' | 'gone'> = noHoldings) {
    this.pending = new PendingChanges(holdings);
  }

  /** Names asked for; the wildcard counts as one. */
  get size(): number {
    return this.#asks.size + (this.#isWildcard ? 1 : 0);
  }

  get isWildcard(): boolean {
    return this.#isWildcard;
  }

  /** Applies a request's changes. Before there is a view they wait for the first `retarget`. */
  change(change: SubscriptionChange, view: ResourceView | null): void {
    const isFirst = !this.#hadRequest;
    this.#hadRequest = true;
    if (isFirst) this.#resume(change.initialVersions);
    // Never having named anything means everything, for clients from before `*` (xDS protocol, "legacy").
    const isLegacyWildcard = isFirst && change.subscribe.length === 0 && change.unsubscribe.length === 0;
    if (isLegacyWildcard) this.#subscribeAll(isFirst);
    for (const name of change.subscribe) {
      if (name === wildcard) this.#subscribeAll(isFirst);
      else this.#subscribe(name, isFirst);
    }
    if (view === null) {
      for (const name of change.unsubscribe) this.#unsubscribe(name, null);
      return;
    }
    this.#settle(view, change.subscribe);
    for (const name of change.unsubscribe) this.#unsubscribe(name, view);
  }

  /** Compares with another snapshot. Costs one lookup a name, and a comparison by identity. */
  retarget(view: ResourceView): void {
    if (this.#isWildcard && this.#mustList === 'no') this.#mustList = 'changed';
    this.#settle(view, this.#asks.keys());
  }

  #settle(view: ResourceView, names: Iterable<string>): void {
    if (this.#mustList !== 'no') this.#list(view, this.#mustList === 'all');
    for (const name of names) {
      const ask = this.#asks.get(name);
      if (ask !== undefined) this.#resolve(name, ask, view);
    }
    if (this.#isResuming) this.#dropVanished(view);
  }

  #resume(versions: Readonly<Record<string, string>>): void {
    for (const [name, version] of Object.entries(versions)) this.pending.resume(name, version);
    this.#isResuming = true;
  }

  #subscribeAll(isResumed: boolean): void {
    this.#isWildcard = true;
    this.#mustList = isResumed ? 'changed' : 'all';
    // Nothing there is an answer too: else the client could not tell it from a slow server.
    this.pending.requireAnswer();
  }

  #subscribe(name: string, isResumed: boolean): void {
    const ask = this.#asks.get(name);
    if (ask === undefined) this.#asks.set(name, { entry: undefined, mustAnswer: true, isResumed });
    else Object.assign(ask, { mustAnswer: true, isResumed });
  }

  #unsubscribe(name: string, view: ResourceView | null): void {
    if (name === wildcard) {
      this.#unsubscribeAll();
      return;
    }
    const ask = this.#asks.get(name);
    if (ask !== undefined) {
      this.#asks.delete(name);
      this.pending.unasked(name);
      if (ask.entry && this.#release(ask.entry.name)) this.#letGo(ask.entry.name);
    }
    // The client cannot know whether the wildcard still covers it, so it is told (Envoy drops it meanwhile).
    if (this.#isWildcard && view !== null) this.#answerUnderWildcard(name, view);
  }

  #answerUnderWildcard(name: string, view: ResourceView): void {
    const entry = view.lookup(name);
    if (entry !== null && this.#listed.has(entry.name)) this.pending.queue(entry, true);
    else this.pending.queueAbsence(name, false);
  }

  #unsubscribeAll(): void {
    const listed = this.#listed;
    this.#isWildcard = false;
    this.#mustList = 'no';
    this.#listed = new Set();
    this.pending.unaskedAll();
    for (const name of listed) if (!this.#meant.has(name)) this.#letGo(name);
  }

  #list(view: ResourceView, isForced: boolean): void {
    this.#mustList = 'no';
    const before = this.#listed;
    const listed = new Set<string>();
    for (const entry of view.list()) {
      listed.add(entry.name);
      if (isForced || !this.pending.isUpToDate(entry)) this.pending.queue(entry, isForced);
    }
    this.#listed = listed;
    for (const name of before) if (!this.#isWanted(name)) this.pending.drop(name);
  }

  #resolve(name: string, ask: Ask, view: ResourceView): void {
    const { entry: before, mustAnswer, isResumed } = ask;
    const after = view.lookup(name);
    if (before === after && !mustAnswer) return;
    Object.assign(ask, { entry: after, mustAnswer: false, isResumed: false });
    if (after !== null) {
      if (after.name !== before?.name) this.#meant.set(after.name, (this.#meant.get(after.name) ?? 0) + 1);
      this.pending.clearAbsence(name);
      // The name means something else than before, of which the client may not know though it has the resource.
      const isMoved = before !== undefined && before?.name !== after.name;
      this.pending.queue(after, isMoved || (mustAnswer && !isResumed));
    } else if (before || mustAnswer) {
      this.pending.queueAbsence(name, before ? this.pending.isHeld(before.name) : false);
    }
    if (before && before.name !== after?.name && this.#release(before.name)) this.pending.drop(before.name);
  }

  /** Whether it was the last to mean the resource. */
  #release(name: string): boolean {
    const count = (this.#meant.get(name) ?? 0) - 1;
    if (count > 0) this.#meant.set(name, count);
    else this.#meant.delete(name);
    return !this.#isWanted(name);
  }

  /**
   * The client unsubscribed from all that means a resource now, and so lets go of it. Unless an alias that it
   * still asks for meant the resource when it was last told: then it has to hear that this is over.
   */
  #letGo(name: string): void {
    if (this.pending.heldAliases(name).some((alias) => this.#asks.has(alias))) this.pending.drop(name);
    else this.pending.forget(name);
  }

  #isWanted(name: string): boolean {
    return this.#meant.has(name) || this.#listed.has(name);
  }

  /** Of what a resuming client has: what no longer exists is told; what it doesn't ask for is its own affair. */
  #dropVanished(view: ResourceView): void {
    this.#isResuming = false;
    for (const name of this.pending.heldNames()) {
      if (this.#isWanted(name)) continue;
      if (view.lookup(name) === null) this.pending.drop(name);
      else this.pending.forget(name);
    }
  }
}
