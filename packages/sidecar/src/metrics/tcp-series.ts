import type { Counter, LabelValues, SeriesFamily } from '@tulle/runtime';
import { SeriesGroup, type SeriesGroups } from './series-groups.ts';

export interface TcpFamilies {
  readonly opened: SeriesFamily<Counter>;
  readonly closed: SeriesFamily<Counter>;
  readonly sent: SeriesFamily<Counter>;
  readonly received: SeriesFamily<Counter>;
}

/** The series of one label set of connections that are relayed as bytes. */
export class TcpGroup extends SeriesGroup {
  /** Connections whose end is still to be counted. */
  openCount = 0;
  readonly #labels: LabelValues;
  readonly #families: TcpFamilies;
  readonly #opened: number;
  readonly #sent: number;
  readonly #received: number;
  readonly #closed = new Map<string, number>();

  constructor(labels: LabelValues, families: TcpFamilies, nowMs: number) {
    super(nowMs);
    this.#labels = labels;
    this.#families = families;
    this.#opened = this.hold(families.opened.table, labels);
    this.#sent = this.hold(families.sent.table, labels);
    this.#received = this.hold(families.received.table, labels);
  }

  override get isPinned(): boolean {
    return this.openCount > 0;
  }

  opened(): void {
    this.openCount++;
    this.#families.opened.table.values[this.#opened]!++;
  }

  transferred(sentBytes: number, receivedBytes: number): void {
    this.#families.sent.table.values[this.#sent]! += sentBytes;
    this.#families.received.table.values[this.#received]! += receivedBytes;
  }

  closed(flag: string): void {
    this.openCount--;
    let at = this.#closed.get(flag);
    if (at === undefined) {
      at = this.hold(this.#families.closed.table, [...this.#labels, flag]);
      this.#closed.set(flag, at);
    }
    this.#families.closed.table.values[at]!++;
  }
}

/** The series of one edge of relayed connections. Make one for each edge, or for each connection: it is cheap. */
export class TcpSeries {
  readonly #groups: SeriesGroups<TcpGroup>;
  readonly #labelsNow: () => LabelValues;
  #group: TcpGroup;
  #openCount = 0;

  constructor(groups: SeriesGroups<TcpGroup>, labelsNow: () => LabelValues) {
    this.#groups = groups;
    this.#labelsNow = labelsNow;
    this.#group = groups.of(labelsNow());
  }

  opened(): void {
    // While connections are open their ends are counted where their beginnings were.
    if (this.#group.isStale && this.#openCount === 0) this.#group = this.#groups.of(this.#labelsNow());
    this.#openCount++;
    this.#group.opened();
  }

  /** Bytes of a connection that lives on: `sent` by whoever opened it, `received` by it. */
  transferred(sentBytes: number, receivedBytes: number): void {
    this.#group.transferred(sentBytes, receivedBytes);
  }

  /** Once for each opened(); the bytes are those that transferred() was not told of. */
  closed(flag: string, sentBytes: number, receivedBytes: number): void {
    this.#openCount--;
    this.#group.transferred(sentBytes, receivedBytes);
    this.#group.closed(flag);
  }
}
