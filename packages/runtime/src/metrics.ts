/**
 * Counters, gauges and histograms with Prometheus text exposition. The numbers lie in one typed array a family
 * (series-table.ts); a series is looked up once and then held, so that the request path pays one addition.
 * Benchmark: benchmarks/micro/metrics.ts.
 */
import { type RenderedFamily, renderFamily } from './metrics-text.ts';
import { defaultMaxSeries, type LabelValues, OVERFLOW, SeriesTable } from './series-table.ts';

const noBounds = new Float64Array(0);

/** One number of a family. */
class Cell {
  protected readonly table: SeriesTable;
  protected readonly at: number;

  constructor(table: SeriesTable, at: number) {
    this.table = table;
    this.at = at;
  }

  get value(): number {
    return this.table.values[this.at]!;
  }

  set value(value: number) {
    this.table.values[this.at] = value;
  }
}

export class Counter extends Cell {
  inc(by = 1): void {
    this.table.values[this.at]! += by;
  }
}

export class Gauge extends Cell {
  set(value: number): void {
    this.value = value;
  }

  add(by: number): void {
    this.value += by;
  }
}

export class Histogram {
  readonly #table: SeriesTable;
  readonly #bounds: Float64Array;
  readonly #at: number;

  constructor(table: SeriesTable, bounds: Float64Array, at: number) {
    this.#table = table;
    this.#bounds = bounds;
    this.#at = at;
  }

  observe(value: number): void {
    observeAt(this.#table.values, this.#bounds, this.#at, value);
  }
}

function observeAt(values: Float64Array, bounds: Float64Array, at: number, value: number): void {
  let index = 0;
  // Linear: latencies sit in the first buckets, and there are fewer than 20.
  while (index < bounds.length && value > bounds[index]!) index++;
  values[at + index]!++;
  values[at + bounds.length + 1]! += value;
}

interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  readonly type: RenderedFamily['type'];
  readonly labelNames: readonly string[];
  readonly bounds?: Float64Array;
}

/** The series of one metric by their label values. */
export abstract class SeriesFamily<S> implements RenderedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: RenderedFamily['type'];
  readonly bounds: Float64Array;
  /** For series that come and go: whoever holds offsets acquires and releases them. */
  readonly table: SeriesTable;
  readonly #handles = new Map<string, S>();

  constructor({ name, help, type, labelNames, bounds = noBounds }: FamilyOptions) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.bounds = bounds;
    // A histogram's: its buckets, the one above all bounds, and the sum.
    const width = type === 'histogram' ? bounds.length + 2 : 1;
    this.table = new SeriesTable({ name, labelNames, width, maxSeries: defaultMaxSeries });
  }

  /** The series for these label values, made on first use and kept. Hold it; don't look it up per request. */
  with(...labels: LabelValues): S {
    const key = labels.join('\u0000');
    return this.#handles.get(key) ?? this.#make(key, labels);
  }

  #make(key: string, labels: LabelValues): S {
    const at = this.table.acquire(labels);
    if (this.table.isOverflow(at) && labels.some((label) => label !== OVERFLOW)) {
      this.table.release(at);
      return this.with(...labels.map(() => OVERFLOW));
    }
    const made = this.handle(at);
    this.#handles.set(key, made);
    return made;
  }

  protected abstract handle(at: number): S;
}

class CounterFamily extends SeriesFamily<Counter> {
  protected override handle(at: number): Counter {
    return new Counter(this.table, at);
  }
}

class GaugeFamily extends SeriesFamily<Gauge> {
  protected override handle(at: number): Gauge {
    return new Gauge(this.table, at);
  }
}

export class HistogramFamily extends SeriesFamily<Histogram> {
  /** As Histogram's, for whoever holds the offset. */
  observe(at: number, value: number): void {
    observeAt(this.table.values, this.bounds, at, value);
  }

  protected override handle(at: number): Histogram {
    return new Histogram(this.table, this.bounds, at);
  }
}

export class MetricsRegistry {
  readonly #families: RenderedFamily[] = [];
  readonly #collectors: (() => void)[] = [];

  counter(name: string, help: string, labelNames: readonly string[] = []): SeriesFamily<Counter> {
    return this.#add(new CounterFamily({ name, help, type: 'counter', labelNames }));
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): SeriesFamily<Gauge> {
    return this.#add(new GaugeFamily({ name, help, type: 'gauge', labelNames }));
  }

  /** `bounds` are the inclusive upper bounds of the buckets, ascending, in the metric's unit. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames: readonly string[] = [],
  ): HistogramFamily {
    const options = { name, help, labelNames, type: 'histogram', bounds: Float64Array.from(bounds) } as const;
    return this.#add(new HistogramFamily(options));
  }

  /** Runs before each exposition, to bring gauges up to date. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  render(): string {
    for (const collect of this.#collectors) collect();
    const lines: string[] = [];
    for (const family of this.#families) renderFamily(lines, family);
    lines.push('');
    return lines.join('\n');
  }

  #add<F extends RenderedFamily>(family: F): F {
    if (this.#families.some(({ name }) => name === family.name))
      throw new Error(`metric ${family.name} is registered twice`);
    this.#families.push(family);
    return family;
  }
}
