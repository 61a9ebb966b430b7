/**
 * Counters, gauges and histograms with Prometheus text exposition (format 0.0.4). A series is looked up
 * once and then held, so that the request path pays one addition. Benchmark: benchmarks/micro/metrics.ts.
 */
export type LabelValues = readonly string[];

interface Family {
  readonly name: string;
  render(lines: string[]): void;
}

/** Beyond this many label sets a family counts into one series whose labels all read `overflow`. */
export const defaultMaxSeries = 2_000;

export class Counter {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

export class Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(by: number): void {
    this.value += by;
  }
}

export class Histogram {
  readonly #bounds: Float64Array;
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    // Linear: latencies sit in the first buckets, and there are fewer than 20.
    while (index < bounds.length && value > bounds[index]!) index++;
    this.counts[index]!++;
    this.sum += value;
  }
}

/** The series of one metric by their label values. */
export class SeriesFamily<S> implements Family {
  readonly name: string;
  readonly #series = new Map<string, { labels: LabelValues; series: S }>();
  readonly #options: SeriesFamilyOptions<S>;

  constructor(name: string, options: SeriesFamilyOptions<S>) {
    this.name = name;
    this.#options = options;
  }

  /** The series for these label values, made on first use. Hold it; don't look it up per request. */
  with(...labels: LabelValues): S {
    const key = labels.join('\u0000');
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    if (this.#series.size >= this.#options.maxSeries && labels.some((label) => label !== 'overflow')) {
      return this.with(...labels.map(() => 'overflow'));
    }
    const { labelNames } = this.#options;
    if (labels.length !== labelNames.length) {
      throw new Error(
        `metric ${this.name} has the labels ${labelNames.join(', ')}; got ${labels.length} values`,
      );
    }
    const series = this.#options.make();
    this.#series.set(key, { labels, series });
    return series;
  }

  /** Forgets the series, so that what is gone from the mesh leaves the exposition too. */
  remove(...labels: LabelValues): void {
    this.#series.delete(labels.join('\u0000'));
  }

  entries(): IterableIterator<{ labels: LabelValues; series: S }> {
    return this.#series.values();
  }

  render(lines: string[]): void {
    const { help, type, labelNames, renderSeries } = this.#options;
    lines.push(`# HELP ${this.name} ${escapeHelp(help)}`, `# TYPE ${this.name} ${type}`);
    for (const { labels, series } of this.#series.values()) {
      const pairs = labelNames.map((name, index) => `${name}="${escapeLabel(labels[index] ?? '')}"`);
      renderSeries(lines, this.name, pairs, series);
    }
  }
}

interface SeriesFamilyOptions<S> {
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labelNames: readonly string[];
  readonly maxSeries: number;
  make(): S;
  renderSeries(lines: string[], name: string, pairs: readonly string[], series: S): void;
}

export class MetricsRegistry {
  readonly #families: Family[] = [];
  readonly #collectors: (() => void)[] = [];

  counter(name: string, help: string, labelNames: readonly string[] = []): SeriesFamily<Counter> {
    return this.#add<Counter>(name, {
      help,
      type: 'counter',
      labelNames,
      maxSeries: defaultMaxSeries,
      make: () => new Counter(),
      renderSeries: renderValue,
    });
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): SeriesFamily<Gauge> {
    return this.#add<Gauge>(name, {
      help,
      type: 'gauge',
      labelNames,
      maxSeries: defaultMaxSeries,
      make: () => new Gauge(),
      renderSeries: renderValue,
    });
  }

  /** `bounds` are the inclusive upper bounds of the buckets, ascending, in the metric's unit. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames: readonly string[] = [],
  ): SeriesFamily<Histogram> {
    const shared = Float64Array.from(bounds);
    return this.#add(name, {
      help,
      type: 'histogram',
      labelNames,
      maxSeries: defaultMaxSeries,
      make: () => new Histogram(shared),
      renderSeries: (lines, family, pairs, series) =>
        renderHistogram(lines, { family, pairs, series, bounds }),
    });
  }

  /** Runs before each exposition, to bring gauges up to date. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  render(): string {
    for (const collect of this.#collectors) collect();
    const lines: string[] = [];
    for (const family of this.#families) family.render(lines);
    lines.push('');
    return lines.join('\n');
  }

  #add<S>(name: string, options: SeriesFamilyOptions<S>): SeriesFamily<S> {
    if (this.#families.some((family) => family.name === name))
      throw new Error(`metric ${name} is registered twice`);
    const family = new SeriesFamily(name, options);
    this.#families.push(family);
    return family;
  }
}

function renderValue(
  lines: string[],
  name: string,
  pairs: readonly string[],
  series: { value: number },
): void {
  lines.push(`${name}${braces(pairs)} ${formatValue(series.value)}`);
}

function renderHistogram(
  lines: string[],
  {
    family,
    pairs,
    series,
    bounds,
  }: { family: string; pairs: readonly string[]; series: Histogram; bounds: readonly number[] },
): void {
  let cumulative = 0;
  bounds.forEach((bound, index) => {
    cumulative += series.counts[index]!;
    lines.push(`${family}_bucket${braces([...pairs, `le="${bound}"`])} ${cumulative}`);
  });
  cumulative += series.counts[bounds.length]!;
  lines.push(`${family}_bucket${braces([...pairs, 'le="+Inf"'])} ${cumulative}`);
  lines.push(
    `${family}_sum${braces(pairs)} ${formatValue(series.sum)}`,
    `${family}_count${braces(pairs)} ${cumulative}`,
  );
}

function braces(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** JavaScript writes every number as the format wants it, but for the infinite ones. */
function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
