import type { Counter, LabelValues, SeriesFamily } from '@tulle/runtime';
import { SeriesGroup, type SeriesGroups } from './series-groups.ts';

export interface PoolFamilies {
  readonly opened: SeriesFamily<Counter>;
  readonly failed: SeriesFamily<Counter>;
  readonly reused: SeriesFamily<Counter>;
  readonly overflowed: SeriesFamily<Counter>;
  readonly timedOut: SeriesFamily<Counter>;
}

/** The series of one cluster's pools. */
export class PoolGroup extends SeriesGroup {
  readonly #families: PoolFamilies;
  readonly #at: Readonly<Record<keyof PoolFamilies, number>>;

  constructor(labels: LabelValues, families: PoolFamilies, nowMs: number) {
    super(nowMs);
    this.#families = families;
    this.#at = {
      opened: this.hold(families.opened.table, labels),
      failed: this.hold(families.failed.table, labels),
      reused: this.hold(families.reused.table, labels),
      overflowed: this.hold(families.overflowed.table, labels),
      timedOut: this.hold(families.timedOut.table, labels),
    };
  }

  count(what: keyof PoolFamilies): void {
    this.#families[what].table.values[this.#at[what]]!++;
  }
}

/** What a pool counts, by the cluster that it was opened for. */
export class PoolSeries {
  readonly #groups: SeriesGroups<PoolGroup>;
  readonly #labels: LabelValues;
  #group: PoolGroup;

  constructor(groups: SeriesGroups<PoolGroup>, cluster: string) {
    this.#groups = groups;
    this.#labels = [cluster];
    this.#group = groups.of(this.#labels);
  }

  opened(): void {
    this.#now().count('opened');
  }

  /** It never stood. */
  failed(): void {
    this.#now().count('failed');
  }

  /** A request found a connection that had been opened for another. */
  reused(): void {
    this.#now().count('reused');
  }

  overflowed(): void {
    this.#now().count('overflowed');
  }

  timedOut(): void {
    this.#now().count('timedOut');
  }

  #now(): PoolGroup {
    if (this.#group.isStale) this.#group = this.#groups.of(this.#labels);
    return this.#group;
  }
}
