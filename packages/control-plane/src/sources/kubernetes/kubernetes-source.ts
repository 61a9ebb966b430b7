/** Resources from a cluster: one reflector a kind, and one resource set of what they hold. */
import type { EndpointSlice, KubernetesKind } from '@tulle/api';
import { type Clock, type IndexView, type Logger, recordOf } from '@tulle/runtime';
import { servicesOfSlice } from '../../translate/services-of-slice.ts';
import type { RejectedObject } from '../rejected-object.ts';
import type { ResourceSet } from '../resource-set.ts';
import type { ConfigFault, ResourceSource } from '../resource-source.ts';
import type { MakeReflector } from './kind-reflector.ts';
import type { KindTable } from './kind-table.ts';
import { type KindTables, kindTables } from './kind-tables.ts';
import { faultsOf, rejectedObjects } from './object-faults.ts';
import { PublishSchedule } from './publish-schedule.ts';
import type { ReadObject } from './read-object.ts';
import { describeTable, staleNote, unreadyReason } from './table-state.ts';

export interface KubernetesSourceOptions {
  readonly reflect: MakeReflector;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxLoggedFaults = 20;

/**
 * Nothing is shown until every kind has been read once, since half of a mesh is another mesh. From then on there
 * is always the last that was known: a connection that is lost takes nothing away, and an object whose new version
 * cannot be read keeps its earlier one.
 */
export class KubernetesSource implements ResourceSource {
  readonly name = 'kubernetes source';
  readonly #byKind: KindTables;
  readonly #tables: readonly KindTable[];
  readonly #slicesByService: IndexView<ReadObject<'EndpointSlice'>>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #schedule: PublishSchedule;
  readonly #listeners = new Set<() => void>();
  #unsubscribe: (() => void)[] = [];
  #current: ResourceSet | null = null;
  #faults: readonly ConfigFault[] = [];
  #rejected: readonly RejectedObject[] = [];

  constructor({ reflect, clock, logger }: KubernetesSourceOptions) {
    this.#byKind = kindTables(reflect);
    this.#tables = Object.values(this.#byKind);
    this.#slicesByService = this.#byKind.EndpointSlice.reflector.addIndex('service', ({ object }) =>
      object === null ? [] : servicesOfSlice(object),
    );
    this.#clock = clock;
    this.#logger = logger;
    this.#schedule = new PublishSchedule(clock, () => this.#publish());
  }

  get current(): ResourceSet | null {
    return this.#current;
  }

  get faults(): readonly ConfigFault[] {
    return this.#faults;
  }

  /** For whoever writes statuses; told of with `onChange`. */
  get rejected(): readonly RejectedObject[] {
    return this.#rejected;
  }

  /** Of the service `<namespace>/<name>`, as the reflector has them: newer than the current set, if anything. */
  slicesOf(service: string): readonly EndpointSlice[] {
    return [...this.#slicesByService.of(service).values()].flatMap(({ object }) => object ?? []);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to read; it does not wait, so that the health pages can say what is missing. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#tables.map((table) => table.onChange(() => this.#schedule.poke()));
    await Promise.all(this.#tables.map(({ reflector }) => reflector.start()));
  }

  async stop(): Promise<void> {
    this.#schedule.cancel();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await Promise.all(this.#tables.map(({ reflector }) => reflector.stop()));
  }

  /** Which kinds have not been read yet, and why. */
  unreadyReasons(): readonly string[] {
    const nowMs = this.#clock.nowMs();
    return this.#tables.flatMap((table) => unreadyReason(table, nowMs) ?? []);
  }

  /** Which kinds may have changed unseen since when; null: none. */
  staleNote(): string | null {
    const nowMs = this.#clock.nowMs();
    const notes = this.#tables.flatMap((table) => staleNote(table, nowMs) ?? []);
    return notes.length === 0 ? null : notes.join('; ');
  }

  /** The state of each kind's reflector, for the dump. */
  describe(): Readonly<Record<string, object>> {
    const nowMs = this.#clock.nowMs();
    return Object.fromEntries(this.#tables.map((table) => [table.kind, describeTable(table, nowMs)]));
  }

  /** How many objects of each kind have a version that cannot be read. */
  rejectedCounts(): ReadonlyMap<KubernetesKind, number> {
    return new Map(
      this.#tables.map(({ kind, odd }) => [
        kind,
        [...odd.values()].filter(({ rejection }) => rejection !== null).length,
      ]),
    );
  }

  #publish(): void {
    if (!this.#tables.every(({ reflector }) => reflector.hasSynced)) return;
    // Every table: one that is left out would keep its changes for later.
    const isChanged = this.#tables.map((table) => table.collect().isChanged).includes(true);
    if (!isChanged && this.#current !== null) return;
    this.#takeObjects();
    this.#takeFaults();
    for (const listener of [...this.#listeners]) listener();
  }

  #takeObjects(): void {
    const current = this.#current;
    if (current !== null && this.#tables.every(({ kind, objects }) => current[kind] === objects)) return;
    this.#current = recordOf<ResourceSet>(this.#byKind, (kind) => this.#byKind[kind].objects);
  }

  /** Told once, when they appear. */
  #takeFaults(): void {
    if (this.#faults.length === 0 && this.#tables.every(({ odd }) => odd.size === 0)) return;
    const known = new Set(this.#faults.map(textOf));
    this.#faults = faultsOf(this.#tables);
    this.#rejected = rejectedObjects(this.#tables);
    const fresh = this.#faults.map(textOf).filter((text) => !known.has(text));
    if (fresh.length === 0) return;
    this.#logger.warn('objects of the cluster have faults', {
      faults: fresh.slice(0, maxLoggedFaults),
      faultCount: fresh.length,
    });
  }
}

function textOf({ severity, place, path, reason }: ConfigFault): string {
  return `${severity}: ${place}: ${path === '' ? '' : `${path}: `}${reason}`;
}
