import type { Counter, HistogramFamily, LabelValues, SeriesFamily } from '@tulle/runtime';
import { SeriesGroup, type SeriesGroups } from './series-groups.ts';

/** What varies from request to request on one edge. */
export interface RequestOutcome {
  readonly code: number;
  readonly flag: string;
  /** Of what the application speaks. */
  readonly appMajor: 1 | 2;
  readonly isGrpc: boolean;
  /** 0 to 16; -1: none has come. */
  readonly grpcStatus: number;
}

export interface EdgeFamilies {
  readonly requests: SeriesFamily<Counter>;
  readonly duration: HistogramFamily;
}

/** Highest: 17 statuses of gRPC, and none, at each code of three digits. */
const GRPC_STATUSES = 18;
const PROTOCOLS = 3;

/** The series of one label set; several EdgeSeries may lead to it. */
export class EdgeGroup extends SeriesGroup {
  readonly #labels: LabelValues;
  readonly #families: EdgeFamilies;
  readonly #duration: number;
  readonly #byOutcome = new Map<number | string, number>();
  /** Nearly every request ends as the one before. */
  #lastOutcome = -1;
  #lastAt = 0;

  constructor(labels: LabelValues, families: EdgeFamilies, nowMs: number) {
    super(nowMs);
    this.#labels = labels;
    this.#families = families;
    this.#duration = this.hold(families.duration.table, durationLabelsOf(labels));
  }

  count(outcome: RequestOutcome, seconds: number): void {
    const { requests, duration } = this.#families;
    duration.observe(this.#duration, seconds);
    const protocol = outcome.isGrpc ? PROTOCOLS - 1 : outcome.appMajor - 1;
    const number = (outcome.code * PROTOCOLS + protocol) * GRPC_STATUSES + outcome.grpcStatus + 1;
    if (number !== this.#lastOutcome || outcome.flag !== '') {
      this.#lastAt = this.#atOf(outcome, outcome.flag === '' ? number : `${number} ${outcome.flag}`);
      this.#lastOutcome = outcome.flag === '' ? number : -1;
    }
    requests.table.values[this.#lastAt]!++;
  }

  #atOf({ code, flag, appMajor, isGrpc, grpcStatus }: RequestOutcome, key: number | string): number {
    const known = this.#byOutcome.get(key);
    if (known !== undefined) return known;
    const protocol = isGrpc ? 'grpc' : `http${appMajor}`;
    const status = grpcStatus < 0 ? '' : String(grpcStatus);
    const made = this.hold(this.#families.requests.table, [
      ...this.#labels,
      protocol,
      String(code),
      status,
      flag,
    ]);
    this.#byOutcome.set(key, made);
    return made;
  }
}

/** The labels of requests up to `destination_service`, without the identities. */
function durationLabelsOf(labels: LabelValues): LabelValues {
  const [direction, workload, namespace, , destination, destinationNamespace, , service] = labels;
  return [direction!, workload!, namespace!, destination!, destinationNamespace!, service!];
}

/** The series of one edge, held where the edge is, so that a request pays two array accesses. */
export class EdgeSeries {
  readonly #groups: SeriesGroups<EdgeGroup>;
  readonly #labelsNow: () => LabelValues;
  #group: EdgeGroup;

  constructor(groups: SeriesGroups<EdgeGroup>, labelsNow: () => LabelValues) {
    this.#groups = groups;
    this.#labelsNow = labelsNow;
    this.#group = groups.of(labelsNow());
  }

  count(outcome: RequestOutcome, seconds: number): void {
    if (this.#group.isStale) this.#group = this.#groups.of(this.#labelsNow());
    this.#group.count(outcome, seconds);
  }
}
